#include "tools/devcluster/api/request_path.hpp"
#include "fuzz/fuzz_input.hpp"
#include "proto_http/router.hpp"

namespace {

std::string text_of(const devcluster::request_path& path) {
    auto made = path.group.empty() ? "/api/" + path.version : "/apis/" + path.group + '/' + path.version;
    if (!path.ns.empty())
        made += "/namespaces/" + path.ns;
    made += '/' + path.plural;
    for (const auto& part : {path.name, path.subresource})
        if (!part.empty())
            made += '/' + part;
    return made;
}

void check(std::string_view path) {
    auto parsed = devcluster::parse_request_path(path);
    if (!parsed || path.find("//") != std::string_view::npos)
        return;
    auto again = devcluster::parse_request_path(text_of(*parsed));
    fuzz::require(again.has_value(), "a path that is put together is one");
    fuzz::require_equal(text_of(*again), text_of(*parsed), "it is the same path");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto target = proto_http::split_target(fuzz::input(data, size).rest());
    if (!target)
        return 0;
    fuzz::require(target->path.find('\0') == std::string::npos, "a path has no NUL");
    check(target->path);
    devcluster::query_values query(target->query);
    for (auto name : {"watch", "labelSelector", "limit"}) {
        fuzz::require(query.has(name) || query.get(name).empty(), "what is not there is empty");
        fuzz::require(query.has(name) || !query.is_true(name), "what is not there is not true");
        query.integer(name);
    }
    return 0;
}
