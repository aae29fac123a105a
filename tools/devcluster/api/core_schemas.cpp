#include "tools/devcluster/api/core_schemas.hpp"

#include "asio_k8s/json_access.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <map>
#include <string>

// The file as it is, without a copy of it in the sources. CORE_SCHEMAS_FILE is set by CMake.
asm(".pushsection .rodata\n"
    ".global devcluster_core_schemas_begin\n"
    ".global devcluster_core_schemas_end\n"
    "devcluster_core_schemas_begin:\n"
    ".incbin \"" CORE_SCHEMAS_FILE "\"\n"
    "devcluster_core_schemas_end:\n"
    ".byte 0\n"
    ".popsection\n");

extern "C" const char devcluster_core_schemas_begin[];
extern "C" const char devcluster_core_schemas_end[];

namespace devcluster {
namespace {

constexpr std::size_t depth_max = 64;
constexpr std::string_view metadata_name = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// Names of components by group, version and kind; all views of core_components().
using kind_index = std::map<std::array<std::string_view, 3>, std::string_view>;

kind_index index_kinds() {
    kind_index made;
    for (const auto& component : core_components()) {
        const auto* kinds = k8s::array_at(component.value().get_object(), "x-kubernetes-group-version-kind");
        if (kinds == nullptr)
            continue;
        for (const auto& element : *kinds)
            if (const auto* one = element.if_object())
                made.try_emplace({k8s::text_at(*one, "group"), k8s::text_at(*one, "version"), k8s::text_at(*one, "kind")},
                                 component.key());
    }
    return made;
}

std::shared_ptr<const schema> compiled(std::string_view name) {
    static std::map<std::string, std::shared_ptr<const schema>, std::less<>> known;
    if (auto found = known.find(name); found != known.end())
        return found->second;
    auto made = schema::compile(core_components().at(name).get_object(), &core_components());
    known.emplace(name, made);
    return made;
}

} // namespace

const boost::json::object& core_components() {
    static const boost::json::value parsed = [] {
        boost::json::parse_options options;
        options.max_depth = depth_max;
        auto size = static_cast<std::size_t>(devcluster_core_schemas_end - devcluster_core_schemas_begin);
        return boost::json::parse(boost::json::string_view(devcluster_core_schemas_begin, size), {}, options);
    }();
    return parsed.get_object();
}

std::string_view core_schema_name(std::string_view group, std::string_view version, std::string_view kind) {
    static const kind_index known = index_kinds();
    auto found = known.find({group, version, kind});
    return found == known.end() ? std::string_view() : found->second;
}

std::shared_ptr<const schema> core_schema(std::string_view group, std::string_view version, std::string_view kind) {
    auto name = core_schema_name(group, version, kind);
    return name.empty() ? nullptr : compiled(name);
}

const schema& metadata_schema() {
    return *compiled(metadata_name);
}

} // namespace devcluster
