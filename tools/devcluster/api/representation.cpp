#include "tools/devcluster/api/representation.hpp"

#include "proto_http/ascii.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace devcluster {

namespace json = boost::json;

namespace {

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ')
        text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ')
        text.remove_suffix(1);
    return text;
}

/// Cuts the part before `mark` off.
std::string_view take_until(std::string_view& text, char mark) {
    auto end = text.find(mark);
    auto part = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return trimmed(part);
}

struct media_range {
    std::string_view type;
    std::string_view as, group, version;
};

media_range parse_range(std::string_view text) {
    media_range made;
    made.type = take_until(text, ';');
    while (!text.empty()) {
        auto parameter = take_until(text, ';');
        auto name = take_until(parameter, '=');
        if (name == "as")
            made.as = parameter;
        else if (name == "g")
            made.group = parameter;
        else if (name == "v")
            made.version = parameter;
    }
    return made;
}

std::optional<representation::form> form_of(const media_range& range) {
    if (range.type == "application/yaml" && range.as.empty())
        return representation::form::whole;
    if (range.type != "application/json" && range.type != "*/*" && range.type != "application/*")
        return std::nullopt;
    if (range.as.empty())
        return representation::form::whole;
    if (range.group != "meta.k8s.io" || range.version != "v1")
        return std::nullopt;
    if (range.as == "Table")
        return representation::form::table;
    if (range.as == "PartialObjectMetadata" || range.as == "PartialObjectMetadataList")
        return representation::form::metadata;
    return std::nullopt;
}

json::object partial(const json::object& object) {
    json::object made;
    made["kind"] = "PartialObjectMetadata";
    made["apiVersion"] = "meta.k8s.io/v1";
    made["metadata"] = object.at("metadata");
    return made;
}

json::object list_metadata(const list_position& position) {
    json::object made;
    made["resourceVersion"] = std::to_string(position.revision);
    if (!position.continue_token.empty())
        made["continue"] = position.continue_token;
    if (position.remaining != 0)
        made["remainingItemCount"] = position.remaining;
    return made;
}

json::object table_of(const resource_type& type, const std::vector<object_ptr>& items, json::object metadata,
                      table_objects include, bool with_columns, proto_http::wall_time now) {
    json::array rows;
    rows.reserve(items.size());
    for (const auto& item : items)
        rows.push_back(table_row(type.columns, item->value, include, now));
    json::object made;
    made["kind"] = "Table";
    made["apiVersion"] = "meta.k8s.io/v1";
    made["metadata"] = std::move(metadata);
    made["columnDefinitions"] = with_columns ? table_definitions(type.columns) : json::array();
    made["rows"] = std::move(rows);
    return made;
}

/// The versions of a custom kind are stored together and differ by name only (conversion strategy None).
std::string_view text_in_version(const resource_type& type, const stored_object& object, std::string& converted) {
    const auto* stored = object.value.if_contains("apiVersion");
    if (!type.is_custom || stored == nullptr || *stored == json::value(type.api_version()))
        return object.text;
    auto value = object.value;
    value["apiVersion"] = type.api_version();
    converted = json::serialize(value);
    return converted;
}

json::object position_of(const stored_object& object) {
    list_position position;
    position.revision = object.revision;
    return list_metadata(position);
}

} // namespace

outcome<representation> negotiate(std::string_view accept, const query_values& query) {
    representation made;
    auto include = query.get("includeObject");
    made.include = include == "Object" ? table_objects::whole : include == "None" ? table_objects::none : table_objects::metadata;
    if (trimmed(accept).empty())
        return made;
    bool is_known = include.empty() || include == "Object" || include == "Metadata" || include == "None";
    for (auto rest = accept; !rest.empty();)
        if (auto form = form_of(parse_range(take_until(rest, ',')))) {
            made.as = *form;
            if (made.as == representation::form::table && !is_known)
                return bad_request(
                    fmt::format("Unable to convert to Table as requested: includeObject: Invalid value: \"{}\": must be "
                                "'Metadata', 'Object', 'None', or empty",
                                include));
            return made;
        }
    return not_acceptable();
}

shared_text render_object(const resource_type& type, const object_ptr& object, const representation& how,
                          proto_http::wall_time now) {
    switch (how.as) {
    case representation::form::table:
        return std::make_shared<const std::string>(
            json::serialize(table_of(type, {object}, position_of(*object), how.include, true, now)));
    case representation::form::metadata:
        return std::make_shared<const std::string>(json::serialize(partial(object->value)));
    case representation::form::whole:
        break;
    }
    std::string converted;
    if (text_in_version(type, *object, converted).data() == object->text.data())
        return shared_text(object, &object->text);
    return std::make_shared<const std::string>(std::move(converted));
}

std::string render_list(const resource_type& type, const std::vector<object_ptr>& items, const list_position& position,
                        const representation& how, proto_http::wall_time now) {
    auto metadata = list_metadata(position);
    if (how.as == representation::form::table)
        return json::serialize(table_of(type, items, std::move(metadata), how.include, true, now));
    bool is_partial = how.as == representation::form::metadata;
    std::size_t size = 256;
    for (const auto& item : items)
        size += item->text.size() + 1;
    std::string made;
    made.reserve(size);
    made = is_partial
               ? fmt::format(R"({{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":{},"items":[)",
                             json::serialize(metadata))
               : fmt::format(R"({{"kind":"{}","apiVersion":"{}","metadata":{},"items":[)", type.list_kind, type.api_version(),
                             json::serialize(metadata));
    std::string converted;
    for (const auto& item : items) {
        if (&item != &items.front())
            made += ',';
        if (is_partial)
            made += json::serialize(partial(item->value));
        else if (type.is_custom)
            made += text_in_version(type, *item, converted);
        else // a list of core kinds does not repeat kind and version
            made.append(1, '{').append(item->text, item->members_at);
    }
    made += "]}";
    return made;
}

std::string render_watched(const resource_type& type, const object_ptr& object, const representation& how, bool is_first,
                           proto_http::wall_time now) {
    if (how.as == representation::form::table)
        return json::serialize(table_of(type, {object}, position_of(*object), how.include, is_first, now));
    if (how.as == representation::form::metadata)
        return json::serialize(partial(object->value));
    std::string converted;
    return std::string(text_in_version(type, *object, converted));
}

} // namespace devcluster
