#include "tools/devcluster/api/table.hpp"

#include "asio_k8s/json_access.hpp"
#include "asio_k8s/rfc3339.hpp"
#include "tools/devcluster/api/core_columns.hpp"
#include "tools/devcluster/api/go_text.hpp"
#include "tools/devcluster/api/json_path.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace devcluster {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using std::chrono::duration_cast;

constexpr std::int64_t year_1 = -62'135'596'800; // Go's zero time

json::value as_text(const json::value& value) {
    return json::string(value.is_null() ? "<no value>" : value.is_structured() ? go_json(value) : go_text(value));
}

json::value as_number(const json::value& value) {
    const auto integer = as_integer(value);
    return integer ? json::value(*integer) : value.is_double() ? value : json::value();
}

json::value as_whole_number(const json::value& value) {
    constexpr double limit = 9.2e18;
    return value.is_double() ? json::value(static_cast<std::int64_t>(std::clamp(value.get_double(), -limit, limit)))
                             : as_number(value);
}

/// null where the value is not of the column's type, as kube-apiserver does it; kubectl shows <none>.
json::value custom_cell(const std::string& type, const json::value& value, proto_http::wall_time now) {
    if (type == "string")
        return as_text(value);
    if (type == "integer")
        return as_whole_number(value);
    if (type == "number")
        return as_number(value);
    if (type == "boolean" && value.is_bool())
        return value;
    if (type == "date" && value.is_string())
        return json::string(value.get_string() == "null" ? "<unknown>" : age_since(value.get_string(), now));
    return nullptr;
}

table_column custom_column(const json::object& source, json_path path) {
    table_column made;
    made.name = k8s::text_at(source, "name");
    made.type = k8s::text_at(source, "type");
    made.format = k8s::text_at(source, "format");
    made.description = k8s::text_at(source, "description");
    if (made.description.empty())
        made.description =
            fmt::format("Custom resource definition column (in JSONPath format): {}", k8s::text_at(source, "jsonPath"));
    made.priority = static_cast<int>(k8s::integer_at(source, "priority").value_or(0));
    made.cell = [path = std::move(path), type = made.type](const json::object& object, proto_http::wall_time now) -> json::value {
        // Where it leads to several values, kube-apiserver shows the first.
        const auto found = path.find(object);
        return found.empty() ? nullptr : custom_cell(type, *found.front(), now);
    };
    return made;
}

/// What `kubectl get` leaves out unless asked for all: pods that have ended.
json::array conditions_of(const json::object& object) {
    const auto* status = k8s::text_at(object, "kind") == "Pod" ? k8s::object_at(object, "status") : nullptr;
    const auto phase = status == nullptr ? std::string_view() : k8s::text_at(*status, "phase");
    if (phase != "Succeeded" && phase != "Failed")
        return {};
    json::object made;
    made["type"] = "Completed";
    made["status"] = "True";
    made["reason"] = phase;
    made["message"] = phase == "Failed" ? "The pod failed." : "The pod has completed successfully.";
    return {std::move(made)};
}

json::value included(const json::object& object, table_objects include) {
    if (include == table_objects::none)
        return nullptr;
    if (include == table_objects::whole)
        return object;
    json::object made{{"kind", "PartialObjectMetadata"}, {"apiVersion", "meta.k8s.io/v1"}};
    if (const auto* metadata = object.if_contains("metadata"))
        made["metadata"] = *metadata;
    return made;
}

} // namespace

boost::system::result<table_columns, std::string> columns_of_printer(const json::array* additional_printer_columns) {
    table_columns made{name_column()};
    if (additional_printer_columns == nullptr || additional_printer_columns->empty()) {
        made.push_back(age_column());
        made.back().type = "date";
        return made;
    }
    for (const auto& entry : *additional_printer_columns) {
        const auto* source = entry.if_object();
        const auto text = source == nullptr ? std::string_view() : k8s::text_at(*source, "jsonPath");
        auto path = json_path::parse(text);
        if (source == nullptr || !path)
            return fmt::format("unrecognized column definition \"{}\"", text);
        made.push_back(custom_column(*source, std::move(*path)));
    }
    return made;
}

json::object table_row(const table_columns& columns, const json::object& object, table_objects include,
                       proto_http::wall_time now) {
    json::array cells;
    cells.reserve(columns.size());
    for (const auto& column : columns)
        cells.push_back(column.cell(object, now));
    json::object made{{"cells", std::move(cells)}};
    if (auto conditions = conditions_of(object); !conditions.empty())
        made["conditions"] = std::move(conditions);
    made["object"] = included(object, include);
    return made;
}

json::array table_definitions(const table_columns& columns) {
    json::array made;
    for (const auto& column : columns)
        made.push_back({{"name", column.name},
                        {"type", column.type},
                        {"format", column.format},
                        {"description", column.description},
                        {"priority", column.priority}});
    return made;
}

std::string human_duration(proto_http::duration value) {
    const auto seconds = duration_cast<std::chrono::seconds>(value).count();
    const auto minutes = seconds / 60;
    const auto hours = minutes / 60;
    const auto days = hours / 24;
    const auto pair = [](auto large, const char* large_unit, auto small, const char* small_unit) {
        return small == 0 ? fmt::format("{}{}", large, large_unit)
                          : fmt::format("{}{}{}{}", large, large_unit, small, small_unit);
    };
    if (seconds < -1) // two clocks may differ by a second
        return "<invalid>";
    if (seconds < 120)
        return fmt::format("{}s", std::max<std::int64_t>(seconds, 0));
    if (minutes < 10)
        return pair(minutes, "m", seconds % 60, "s");
    if (minutes < 180)
        return fmt::format("{}m", minutes);
    if (hours < 8)
        return pair(hours, "h", minutes % 60, "m");
    if (hours < 48)
        return fmt::format("{}h", hours);
    if (days < 8)
        return pair(days, "d", hours % 24, "h");
    if (days < 2 * 365)
        return fmt::format("{}d", days);
    if (days < 8 * 365)
        return pair(days / 365, "y", days % 365, "d");
    return fmt::format("{}y", days / 365);
}

std::string age_since(std::string_view timestamp, proto_http::wall_time now) {
    if (timestamp.empty())
        return "<unknown>";
    const auto at = k8s::parse_rfc3339(timestamp);
    if (!at)
        return "<invalid>";
    if (*at == year_1)
        return "<unknown>";
    // `wall_time` counts nanoseconds and does not reach as far as timestamps do; neither does a difference.
    constexpr std::int64_t first = -7'000'000'000;
    constexpr std::int64_t last = 9'000'000'000;
    return human_duration(now - proto_http::wall_time(std::chrono::seconds(std::clamp(*at, first, last))));
}

} // namespace devcluster
