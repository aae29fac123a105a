#include "fuzz/fuzz_input.hpp"
#include "tools/devcluster/api/core_schemas.hpp"
#include "tools/devcluster/api/crd_validation.hpp"
#include "tools/devcluster/api/openapi.hpp"
#include "tools/devcluster/api/table.hpp"

namespace {

void serve(const devcluster::crd_definition& of, const boost::json::object& object) {
    std::vector<devcluster::served_resource> all;
    for (const auto& version : of.versions) {
        devcluster::served_resource one;
        one.group = of.group;
        one.version = version.name;
        one.kind = of.names.kind;
        one.plural = of.names.plural;
        one.namespaced = of.namespaced;
        one.has_status = version.has_status;
        one.schema = &version.schema_json;
        all.push_back(std::move(one));

        auto custom = object;
        version.structural->prune(custom);
        version.structural->apply_defaults(custom);
        version.structural->validate(custom);
        devcluster::columns_of_printer(&version.printer_columns);
    }
    fuzz::require_json(boost::json::serialize(devcluster::openapi_index(all)), "the index");
    for (const auto& one : all)
        fuzz::require_json(boost::json::serialize(devcluster::openapi_document(all, one.group, one.version)), "the document");
}

} // namespace

// A CustomResourceDefinition and a custom object.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto definition = devcluster::core_schema("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
    fuzz::input in(data, size);
    auto crd = fuzz::parse_object(in.next());
    auto object = fuzz::parse_object(in.next()).value_or(boost::json::object());
    if (!crd)
        return 0;
    devcluster::apply_crd_defaults(*crd);
    auto defaulted = *crd;
    devcluster::apply_crd_defaults(*crd);
    fuzz::require_equal(boost::json::serialize(*crd), boost::json::serialize(defaulted), "defaulting is idempotent");
    fuzz::require(devcluster::validate_crd_update(*crd, *crd).empty(), "no change is a good change");

    definition->validate(*crd);
    auto read = devcluster::read_crd(*crd);
    if (read.has_error()) {
        fuzz::require(read.error().code == 422 || read.error().code == 501, "it is invalid, or knowingly not supported");
        fuzz::require_json(boost::json::serialize(devcluster::to_json(read.error())), "the answer");
    } else {
        serve(*read, object);
    }
    return 0;
}
