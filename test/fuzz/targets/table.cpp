#include "tools/devcluster/api/table.hpp"
#include "fuzz/fuzz_input.hpp"

#include <boost/json/array.hpp>

#include <vector>

namespace {

void show(const devcluster::table_columns& columns, const boost::json::object& object) {
    constexpr proto_http::wall_time now{std::chrono::hours(24 * 365 * 56)};
    auto row = devcluster::table_row(columns, object, devcluster::table_objects::metadata, now);
    fuzz::require(row.at("cells").as_array().size() == columns.size(), "a cell for each column");
    fuzz::require_json(boost::json::serialize(row), "a row is JSON");
}

std::vector<devcluster::table_columns> known_columns() {
    std::vector<devcluster::table_columns> made;
    for (auto kind : {"Pod", "Event", "Namespace", "ConfigMap", "Secret", "ServiceAccount", "Lease", "Node", "Other"})
        made.push_back(devcluster::columns_of_kind(kind));
    return made;
}

} // namespace

// additionalPrinterColumns and an object.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    auto printer = fuzz::parse_json(in.next());
    auto object = fuzz::parse_object(in.next());
    if (!printer || !object)
        return 0;
    auto columns = devcluster::columns_of_printer(printer->if_array());
    if (columns.has_error()) {
        fuzz::require(!columns.error().empty(), "it says what is wrong");
    } else {
        show(*columns, *object);
        fuzz::require(devcluster::table_definitions(*columns).size() == columns->size(), "a definition for each column");
    }
    static const auto kinds = known_columns();
    for (const auto& known : kinds)
        show(known, *object);
    return 0;
}
