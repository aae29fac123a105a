#include "tools/devcluster/api/table.hpp"
#include "recorded.hpp"

#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using devcluster::columns_of_kind;
using devcluster::columns_of_printer;
using devcluster::table_objects;

proto_http::wall_time at(std::int64_t unix_seconds) {
    return proto_http::wall_time(std::chrono::seconds(unix_seconds));
}

/// What every custom column of the recording was shown at: 2026-11-24T20:37:00Z.
constexpr std::int64_t recorded_at = 1795552620;

BOOST_AUTO_TEST_SUITE(tables)

BOOST_AUTO_TEST_CASE(rows_of_core_kinds_are_those_of_kube_apiserver) {
    for (const auto& row : test_support::recorded("tables/rows.json")) {
        BOOST_TEST_CONTEXT(test_support::text(row.at("note"))) {
            const auto& object = row.at("object").as_object();
            const auto columns = columns_of_kind(test_support::text(object.at("kind")));
            const auto made = devcluster::table_row(columns, object, table_objects::none, at(row.at("now").as_int64()));
            BOOST_TEST(made.at("cells") == row.at("cells"));
            BOOST_TEST(made.at("object").is_null());
            BOOST_TEST(made.contains("conditions") == row.as_object().contains("conditions"));
            if (made.contains("conditions") && row.as_object().contains("conditions"))
                BOOST_TEST(made.at("conditions") == row.at("conditions"));
        }
    }
}

BOOST_AUTO_TEST_CASE(columns_of_core_kinds_are_those_of_kube_apiserver) {
    const auto names = [](std::string_view kind) {
        std::string made;
        for (const auto& column : columns_of_kind(kind))
            made += (made.empty() ? "" : ", ") + column.name + (column.priority > 0 ? " (wide)" : "");
        return made;
    };
    BOOST_TEST(names("Pod") ==
               "Name, Ready, Status, Restarts, Age, IP (wide), Node (wide), Nominated Node (wide), Readiness Gates (wide)");
    BOOST_TEST(names("Event") == "Last Seen, Type, Reason, Object, Subobject (wide), Source (wide), Message, First Seen (wide), "
                                 "Count (wide), Name (wide)");
    BOOST_TEST(names("Node") == "Name, Status, Roles, Age, Version, Internal-IP (wide), External-IP (wide), OS-Image (wide), "
                                "Kernel-Version (wide), Container-Runtime (wide)");
    BOOST_TEST(names("Namespace") == "Name, Status, Age");
    BOOST_TEST(names("ConfigMap") == "Name, Data, Age");
    BOOST_TEST(names("Secret") == "Name, Type, Data, Age");
    BOOST_TEST(names("ServiceAccount") == "Name, Age");
    BOOST_TEST(names("Lease") == "Name, Holder, Age");
    BOOST_TEST(names("CustomResourceDefinition") == "Name, Created At");
    BOOST_TEST(columns_of_kind("CustomResourceDefinition").back().type == "date");
}

BOOST_AUTO_TEST_CASE(cells_of_custom_columns_are_those_of_kube_apiserver) {
    const auto object = json::parse(test_support::read_test_data("kube-1.36.3/tables/custom-object.json")).as_object();
    for (const auto& row : test_support::recorded("tables/custom-columns.json")) {
        BOOST_TEST_CONTEXT(json::serialize(row)) {
            json::object source{{"name", "c"}, {"type", row.at("type")}, {"jsonPath", row.at("jsonPath")}};
            const json::array columns{std::move(source)};
            const auto made = columns_of_printer(&columns);
            BOOST_REQUIRE(made);
            BOOST_TEST(made->back().cell(object, at(recorded_at)) == row.at("cell"));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_path_that_does_not_parse_makes_no_columns) {
    for (const char* path : {".spec[", ".spec.l[x]", ".spec.o[?(@.x", ".spec.o[?(@.x)", ".spec]", ".spec,", ".spec.s{x",
                             ".spec.l[1:2:3:4]", ".spec.l[99999999999999999999]", ".spec\n", ".spec.o[?(@.n=~)].n", "..v",
                             ".l[0,1]", ".l[?(==1)]", ".l['a[0']", ".s \"x", ".s foo"}) {
        const json::array columns{json::object{{"name", "c"}, {"type", "string"}, {"jsonPath", path}}};
        const auto made = columns_of_printer(&columns);
        BOOST_REQUIRE_MESSAGE(!made, path);
        BOOST_TEST(made.error() == "unrecognized column definition \"" + std::string(path) + "\"");
    }
    const json::array odd{1};
    BOOST_TEST(!columns_of_printer(&odd));
}

BOOST_AUTO_TEST_CASE(hostile_paths_are_refused_or_lead_nowhere) {
    const auto repeated = [](const char* text) {
        std::string made;
        for (int i = 0; i < 20'000; ++i)
            made += text;
        return made;
    };
    for (const auto& path :
         {repeated("["), repeated("[?("), repeated("[?(@"), repeated(".a"), repeated("[0]"), repeated("[*]"), repeated(".*"),
          repeated("['"), repeated("\\"), repeated("9"), repeated("@"), std::string("\xff\0.", 3)}) {
        const json::array columns{json::object{{"name", "c"}, {"type", "string"}, {"jsonPath", path}}};
        const auto made = columns_of_printer(&columns);
        if (made)
            BOOST_TEST(made->back().cell(json::parse(R"({"a": [[{"b": 1}]]})").as_object(), at(0)).is_null());
    }
}

BOOST_AUTO_TEST_CASE(custom_kinds_without_columns_show_their_age) {
    const json::array empty;
    for (const auto* source : {static_cast<const json::array*>(nullptr), &empty}) {
        const auto made = columns_of_printer(source);
        BOOST_REQUIRE(made);
        const auto definitions = devcluster::table_definitions(*made);
        BOOST_REQUIRE(definitions.size() == 2);
        BOOST_TEST(definitions[0].at("name") == "Name");
        BOOST_TEST(definitions[0].at("format") == "name");
        BOOST_TEST(definitions[1].at("name") == "Age");
        BOOST_TEST(definitions[1].at("type") == "date");
    }
}

BOOST_AUTO_TEST_CASE(a_custom_column_is_defined_as_the_crd_says) {
    const json::array columns{
        json::object{
            {"name", "A"}, {"type", "integer"}, {"jsonPath", ".a"}, {"priority", 1}, {"format", "int32"}, {"description", "D"}},
        json::object{{"name", "B"}, {"type", "string"}, {"jsonPath", ".b"}}};
    const auto definitions = devcluster::table_definitions(*columns_of_printer(&columns));
    BOOST_TEST(definitions[1] ==
               json::parse(R"({"name": "A", "type": "integer", "format": "int32", "description": "D", "priority": 1})"));
    BOOST_TEST(definitions[2] == json::parse(R"({"name": "B", "type": "string", "format": "", "priority": 0,
                                                 "description": "Custom resource definition column (in JSONPath format): .b"})"));
}

BOOST_AUTO_TEST_CASE(a_row_bears_what_was_asked_for) {
    const auto object = json::parse(R"({"kind": "K", "apiVersion": "g/v1", "metadata": {"name": "n"}, "spec": {}})").as_object();
    const auto columns = *columns_of_printer(nullptr);
    const auto included = [&](table_objects what) { return devcluster::table_row(columns, object, what, at(0)).at("object"); };
    BOOST_TEST(included(table_objects::none).is_null());
    BOOST_TEST(included(table_objects::whole) == json::value(object));
    BOOST_TEST(included(table_objects::metadata) ==
               json::parse(R"({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {"name": "n"}})"));
}

BOOST_AUTO_TEST_CASE(objects_that_others_wrote_badly_make_rows_too) {
    for (const char* text :
         {"{}", R"({"metadata": 5, "spec": [], "status": "x"})",
          R"({"metadata": {"creationTimestamp": 5, "name": {}}, "spec": {"containers": 1, "initContainers": [1, {}]},
                                 "status": {"containerStatuses": [1, {}, {"state": 5}, {"state": {"terminated": 5, "waiting": []}}],
                                            "initContainerStatuses": {}, "conditions": [1], "podIPs": [1], "addresses": [5]}})"})
        for (const char* kind :
             {"Pod", "Event", "Node", "Namespace", "ConfigMap", "Secret", "ServiceAccount", "Lease", "Other"}) {
            const auto columns = columns_of_kind(kind);
            const auto row = devcluster::table_row(columns, json::parse(text).as_object(), table_objects::metadata, at(0));
            BOOST_TEST(row.at("cells").as_array().size() == columns.size());
        }
}

BOOST_AUTO_TEST_CASE(durations_are_shown_with_two_figures_at_most) {
    const struct {
        std::chrono::seconds value;
        const char* text;
    } table[] = {
        {-3s, "<invalid>"},
        {-2s, "<invalid>"},
        {-1s, "0s"},
        {0s, "0s"},
        {1s, "1s"},
        {119s, "119s"},
        {120s, "2m"},
        {194s, "3m14s"},
        {599s, "9m59s"},
        {600s, "10m"},
        {10799s, "179m"},
        {10800s, "3h"},
        {11100s, "3h5m"},
        {8h, "8h"},
        {47h + 59min, "47h"},
        {48h, "2d"},
        {49h, "2d1h"},
        {24h * 8 - 1s, "7d23h"},
        {24h * 8, "8d"},
        {24h * 729, "729d"},
        {24h * 730, "2y"},
        {24h * 740, "2y10d"},
        {24h * 365 * 8 - 1s, "7y364d"},
        {24h * 365 * 8, "8y"},
        {24h * 365 * 100, "100y"},
    };
    for (const auto& row : table)
        BOOST_TEST(devcluster::human_duration(row.value) == row.text);
    BOOST_TEST(devcluster::human_duration(-1999ms) == "0s");
    BOOST_TEST(devcluster::human_duration(proto_http::duration::max()) == "292y");
    BOOST_TEST(devcluster::human_duration(proto_http::duration::min()) == "<invalid>");
}

BOOST_AUTO_TEST_CASE(an_age_is_known_unknown_or_invalid) {
    const auto age = [](const char* timestamp) { return devcluster::age_since(timestamp, at(1795442083) + 500ms); };
    BOOST_TEST(age("2026-11-23T13:54:43Z") == "0s");
    BOOST_TEST(age("2026-11-23T13:53:43.999999Z") == "60s");
    BOOST_TEST(age("2026-11-23T13:54:44Z") == "0s");
    BOOST_TEST(age("2026-11-23T13:54:53Z") == "<invalid>");
    BOOST_TEST(age("") == "<unknown>");
    BOOST_TEST(age("0001-01-01T00:00:00Z") == "<unknown>");
    BOOST_TEST(age("yesterday") == "<invalid>");
    BOOST_TEST(age("9999-12-31T23:59:59Z") == "<invalid>");
    BOOST_TEST(age("1600-01-01T00:00:00Z") != "<invalid>");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
