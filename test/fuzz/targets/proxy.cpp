#include "fuzz/fuzz_input.hpp"
#include "proto_http/client.hpp"
#include "proto_http/url.hpp"
#include "support/manual_runtime.hpp"

// HTTP_PROXY, NO_PROXY and the host that is called.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static boost::asio::io_context context;
    test_support::manual_runtime rt(context);
    fuzz::input in(data, size);
    rt.variables["HTTP_PROXY"] = in.next();
    const std::string exempt(in.next());
    const proto_http::host_port origin{std::string(in.next()), 80};

    auto by_default = proto_http::proxy_from_environment(rt, false, origin);
    rt.variables["NO_PROXY"] = exempt;
    auto with_exemptions = proto_http::proxy_from_environment(rt, false, origin);
    if (with_exemptions && *with_exemptions) {
        const auto& address = (*with_exemptions)->address;
        fuzz::require(!address.host.empty() && address.port != 0, "a proxy is somewhere");
        fuzz::require(by_default && by_default->has_value(), "exemptions make no proxy");
    }
    rt.variables["NO_PROXY"] = exempt + ",*";
    auto none = proto_http::proxy_from_environment(rt, false, origin);
    fuzz::require(none && !none->has_value(), "no host needs a proxy where all are exempt");
    return 0;
}
