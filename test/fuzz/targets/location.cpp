#include "tools/devcluster/check/location.hpp"
#include "fuzz/fuzz_input.hpp"
#include "proto_http/client.hpp"
#include "proto_http/url.hpp"

// The URL that was asked and a Location header.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    const std::string base(in.next());
    const std::string location(in.next());
    auto parsed = proto_http::parse_url(base);
    proto_http::proxy_from_url(base);
    if (!parsed)
        return 0;
    fuzz::require(!parsed->origin.host.empty() && parsed->target.starts_with('/'), "a URL has a host and a target");
    proto_http::basic_authorization(parsed->user_info);
    auto followed = devcluster::follow_location(base, location);
    auto target = proto_http::parse_url(followed);
    if (!target)
        return 0;
    bool is_absolute = location.find(':') != std::string::npos;
    bool names_a_host = location.starts_with("//");
    fuzz::require(is_absolute || names_a_host || target->origin == parsed->origin, "a relative location stays on its host");
    return 0;
}
