#include "tools/devcluster/api/schema.hpp"
#include "fuzz/fuzz_input.hpp"

namespace {

void check(const devcluster::schema& of, boost::json::object value) {
    of.prune(value);
    auto pruned = value;
    fuzz::require(of.prune(value).empty() && value == pruned, "pruning is idempotent");
    of.apply_defaults(value);
    auto defaulted = value;
    of.apply_defaults(value);
    fuzz::require_equal(boost::json::serialize(value), boost::json::serialize(defaulted), "defaulting is idempotent");
    auto wrong = of.validate(value);
    fuzz::require(of.validate(value) == wrong, "validation is a function");
    if (!wrong.empty())
        fuzz::require_json(boost::json::serialize(devcluster::to_json(devcluster::invalid({}, wrong))), "the answer");
}

} // namespace

// A schema, an object, and the components that the schema refers to.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    auto source = fuzz::parse_object(in.next());
    auto value = fuzz::parse_object(in.next());
    auto components = fuzz::parse_object(in.next());
    if (!source || !value)
        return 0;
    check(*devcluster::schema::compile(*source, nullptr), *value);
    if (components)
        check(*devcluster::schema::compile(*source, &*components), *value);
    return 0;
}
