#include "asio_k8s/kubeconfig.hpp"
#include "fuzz/fuzz_input.hpp"
#include "support/manual_runtime.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(fuzz::input(data, size).rest());
    auto parsed = k8s::parse_kubeconfig(text, "/home/u/.kube/config");
    if (parsed.has_error()) {
        fuzz::require(parsed.error().code == k8s::errc::bad_configuration, "what is wrong is the configuration");
        fuzz::require(!parsed.error().message.empty(), "and it says what");
        return 0;
    }
    boost::asio::io_context context;
    test_support::manual_runtime rt(context);
    rt.files["/home/u/.kube/a"] = "text";
    auto check = [&](const std::string& name) {
        auto resolved = k8s::resolve_kubeconfig(rt, *parsed, name);
        if (resolved.has_error())
            fuzz::require(!resolved.error().message.empty(), "it says what is wrong");
        else
            fuzz::require(!resolved->server.origin.host.empty(), "a server has a host");
    };
    check("");
    for (const auto& [name, unused] : parsed->contexts)
        check(name);
    return 0;
}
