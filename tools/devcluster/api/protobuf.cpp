#include "tools/devcluster/api/protobuf.hpp"

#include "asio_k8s/base64.hpp"
#include "asio_k8s/rfc3339.hpp"
#include "proto_http/text.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <map>
#include <optional>
#include <span>
#include <vector>

namespace devcluster {

namespace json = boost::json;

namespace {

constexpr std::string_view magic("k8s\0", 4);

enum class field_type {
    text,
    number,
    set_number, ///< Go's pointer: 0 means something
    boolean,
    time,
    message,
    texts,    ///< repeated
    messages, ///< repeated
    text_map,
    bytes_map,
};

/// A field of a message: its number, its name in JSON, and of a message what is in it. From the generated.proto files of
/// k8s.io/apimachinery and k8s.io/api v0.36.
struct field {
    std::uint64_t number;
    std::string_view name;
    field_type type;
    std::span<const field> of{};
};

using enum field_type;

constexpr field owner_reference[] = {{1, "kind", text},       {3, "name", text},          {4, "uid", text},
                                     {5, "apiVersion", text}, {6, "controller", boolean}, {7, "blockOwnerDeletion", boolean}};
constexpr field object_meta[] = {{1, "name", text},
                                 {2, "generateName", text},
                                 {3, "namespace", text},
                                 {5, "uid", text},
                                 {6, "resourceVersion", text},
                                 {7, "generation", number},
                                 {8, "creationTimestamp", field_type::time},
                                 {9, "deletionTimestamp", field_type::time},
                                 {10, "deletionGracePeriodSeconds", set_number},
                                 {11, "labels", text_map},
                                 {12, "annotations", text_map},
                                 {13, "ownerReferences", messages, owner_reference},
                                 {14, "finalizers", texts}};
constexpr field object_reference[] = {{1, "kind", text},     {2, "namespace", text},  {3, "name", text},
                                      {4, "uid", text},      {5, "apiVersion", text}, {6, "resourceVersion", text},
                                      {7, "fieldPath", text}};
constexpr field local_reference[] = {{1, "name", text}};
constexpr field namespace_spec[] = {{1, "finalizers", texts}};
constexpr field event_source[] = {{1, "component", text}, {2, "host", text}};
constexpr field event_series[] = {{1, "count", number}, {2, "lastObservedTime", field_type::time}};
constexpr field lease_spec[] = {{1, "holderIdentity", text},          {2, "leaseDurationSeconds", set_number},
                                {3, "acquireTime", field_type::time}, {4, "renewTime", field_type::time},
                                {5, "leaseTransitions", set_number},  {6, "strategy", text},
                                {7, "preferredHolder", text}};
constexpr field preconditions[] = {{1, "uid", text}, {2, "resourceVersion", text}};

constexpr field namespace_fields[] = {{1, "metadata", message, object_meta}, {2, "spec", message, namespace_spec}};
constexpr field configmap_fields[] = {
    {1, "metadata", message, object_meta}, {2, "data", text_map}, {3, "binaryData", bytes_map}, {4, "immutable", boolean}};
constexpr field secret_fields[] = {{1, "metadata", message, object_meta},
                                   {2, "data", bytes_map},
                                   {3, "type", text},
                                   {4, "stringData", text_map},
                                   {5, "immutable", boolean}};
constexpr field account_fields[] = {{1, "metadata", message, object_meta},
                                    {2, "secrets", messages, object_reference},
                                    {3, "imagePullSecrets", messages, local_reference},
                                    {4, "automountServiceAccountToken", boolean}};
constexpr field event_fields[] = {{1, "metadata", message, object_meta},
                                  {2, "involvedObject", message, object_reference},
                                  {3, "reason", text},
                                  {4, "message", text},
                                  {5, "source", message, event_source},
                                  {6, "firstTimestamp", field_type::time},
                                  {7, "lastTimestamp", field_type::time},
                                  {8, "count", number},
                                  {9, "type", text},
                                  {10, "eventTime", field_type::time},
                                  {11, "series", message, event_series},
                                  {12, "action", text},
                                  {13, "related", message, object_reference},
                                  {14, "reportingComponent", text},
                                  {15, "reportingInstance", text}};
constexpr field lease_fields[] = {{1, "metadata", message, object_meta}, {2, "spec", message, lease_spec}};
constexpr field delete_options_fields[] = {{1, "gracePeriodSeconds", set_number},
                                           {2, "preconditions", message, preconditions},
                                           {3, "orphanDependents", boolean},
                                           {4, "propagationPolicy", text},
                                           {5, "dryRun", texts}};

std::span<const field> fields_of(std::string_view kind) {
    static const std::map<std::string_view, std::span<const field>> known = {
        {"Namespace", namespace_fields},         {"ConfigMap", configmap_fields}, {"Secret", secret_fields},
        {"ServiceAccount", account_fields},      {"Event", event_fields},         {"Lease", lease_fields},
        {"DeleteOptions", delete_options_fields}};
    auto found = known.find(kind);
    return found == known.end() ? std::span<const field>() : found->second;
}

/// One field on the wire: a number, or bytes.
struct wire_field {
    std::uint64_t number = 0;
    std::uint64_t value = 0;
    std::string_view bytes;

    /// Protobuf lets any bytes be a text, JSON does not.
    std::string text() const { return proto_http::valid_utf8(bytes); }
};

class reader {
public:
    explicit reader(std::string_view bytes) : rest_(bytes) {}

    bool is_broken() const noexcept { return is_broken_; }

    /// Nothing at the end, and where it is broken.
    std::optional<wire_field> next() {
        if (rest_.empty())
            return std::nullopt;
        auto tag = varint();
        wire_field made;
        made.number = tag >> 3;
        switch (tag & 7) {
        case 0:
            made.value = varint();
            break;
        case 1:
            take(8);
            break;
        case 2:
            made.bytes = take(varint());
            break;
        case 5:
            take(4);
            break;
        default:
            is_broken_ = true;
        }
        return is_broken_ ? std::nullopt : std::optional(made);
    }

private:
    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            auto byte = take(1);
            if (byte.empty())
                return 0;
            auto bits = static_cast<unsigned char>(byte.front());
            value |= static_cast<std::uint64_t>(bits & 0x7F) << shift;
            if (bits < 0x80)
                return value;
        }
        is_broken_ = true;
        return 0;
    }

    std::string_view take(std::uint64_t size) {
        if (is_broken_ || size > rest_.size()) {
            is_broken_ = true;
            return {};
        }
        auto taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }

    std::string_view rest_;
    bool is_broken_ = false;
};

bool read_message(std::string_view bytes, std::span<const field> fields, json::object& into);

/// Time and MicroTime: seconds and nanoseconds; without any, there is none.
bool read_time(std::string_view bytes, std::string_view name, json::object& into) {
    reader from(bytes);
    std::int64_t seconds = 0, nanoseconds = 0;
    while (auto one = from.next())
        (one->number == 1 ? seconds : nanoseconds) = static_cast<std::int64_t>(one->value);
    if (seconds == 0 && nanoseconds == 0)
        return !from.is_broken();
    auto text = k8s::format_rfc3339(seconds);
    if (nanoseconds > 0 && nanoseconds < 1'000'000'000)
        text.insert(text.size() - 1, fmt::format(".{:06}", nanoseconds / 1000));
    into[name] = std::move(text);
    return !from.is_broken();
}

bool read_entry(const wire_field& entry, const field& of, json::object& into) {
    reader from(entry.bytes);
    wire_field key, value;
    while (auto one = from.next())
        (one->number == 1 ? key : value) = *one;
    auto& map = into[of.name];
    if (!map.is_object())
        map.emplace_object();
    if (of.type == bytes_map)
        map.get_object()[key.text()] = k8s::base64_encode(value.bytes);
    else
        map.get_object()[key.text()] = value.text();
    return !from.is_broken();
}

json::array& list_at(json::object& in, std::string_view name) {
    auto& list = in[name];
    if (!list.is_array())
        list.emplace_array();
    return list.get_array();
}

/// Go writes the fields that are not pointers even where they are empty; in JSON they are left out.
bool read_field(const wire_field& wire, const field& known, json::object& into) {
    switch (known.type) {
    case text:
        if (!wire.bytes.empty())
            into[known.name] = wire.text();
        return true;
    case number:
    case set_number:
        if (wire.value != 0 || known.type == set_number)
            into[known.name] = static_cast<std::int64_t>(wire.value);
        return true;
    case boolean:
        into[known.name] = wire.value != 0;
        return true;
    case field_type::time:
        return read_time(wire.bytes, known.name, into);
    case texts:
        list_at(into, known.name).emplace_back(wire.text());
        return true;
    case text_map:
    case bytes_map:
        return read_entry(wire, known, into);
    case message:
    case messages:
        break;
    }
    json::object inner;
    if (!read_message(wire.bytes, known.of, inner))
        return false;
    if (known.type == messages)
        list_at(into, known.name).push_back(std::move(inner));
    else if (!inner.empty())
        into[known.name] = std::move(inner);
    return true;
}

bool read_message(std::string_view bytes, std::span<const field> fields, json::object& into) {
    reader from(bytes);
    while (auto wire = from.next())
        for (const auto& known : fields)
            if (known.number == wire->number && !read_field(*wire, known, into))
                return false;
    return !from.is_broken();
}

} // namespace

outcome<json::object> parse_protobuf(std::string_view body) {
    if (!body.starts_with(magic))
        return bad_request("the body is not Kubernetes' protobuf: it does not begin with its magic bytes");
    constexpr field type_meta[] = {{1, "apiVersion", text}, {2, "kind", text}};
    json::object object;
    std::string_view raw;
    reader from(body.substr(magic.size()));
    while (auto one = from.next()) {
        if (one->number == 1 && !read_message(one->bytes, type_meta, object))
            return bad_request("the body's protobuf is broken");
        if (one->number == 2)
            raw = one->bytes;
    }
    const auto* kind = object.if_contains("kind");
    auto fields = kind == nullptr ? std::span<const field>() : fields_of(std::string_view(kind->get_string()));
    if (from.is_broken() || kind == nullptr)
        return bad_request("the body's protobuf is broken");
    if (fields.empty())
        return unsupported_media_type("application/json, application/yaml");
    if (!read_message(raw, fields, object))
        return bad_request("the body's protobuf is broken");
    return object;
}

} // namespace devcluster
