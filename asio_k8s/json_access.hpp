#pragma once

#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

// Reading members of objects that others wrote: a member that is absent, null or of another type is simply not there. Views are
// into the object.

namespace k8s {

/// How deep JSON may nest: as kube-apiserver has it (Go's encoding/json). With a lower limit one object of somebody else, which
/// the API server has taken, would make a list or a watch of all unreadable. Costs a megabyte of stack at most.
inline constexpr std::size_t nesting_max = 10'000;

inline std::string_view text_at(const boost::json::object& in, std::string_view name) noexcept {
    const auto* value = in.if_contains(name);
    const auto* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}

inline const boost::json::object* object_at(const boost::json::object& in, std::string_view name) noexcept {
    const auto* value = in.if_contains(name);
    return value == nullptr ? nullptr : value->if_object();
}

inline const boost::json::array* array_at(const boost::json::object& in, std::string_view name) noexcept {
    const auto* value = in.if_contains(name);
    return value == nullptr ? nullptr : value->if_array();
}

inline std::optional<std::int64_t> integer_at(const boost::json::object& in, std::string_view name) noexcept {
    const auto* value = in.if_contains(name);
    const auto* number = value == nullptr ? nullptr : value->if_int64();
    return number == nullptr ? std::nullopt : std::optional(*number);
}

/// What the watch layer needs of an object's metadata.
struct object_identity {
    std::string_view ns;
    std::string_view name;
    std::string_view uid;
    std::string_view resource_version;
};

inline object_identity identity_of(const boost::json::object& object) noexcept {
    const auto* metadata = object_at(object, "metadata");
    if (metadata == nullptr)
        return {};
    object_identity found;
    found.ns = text_at(*metadata, "namespace");
    found.name = text_at(*metadata, "name");
    found.uid = text_at(*metadata, "uid");
    found.resource_version = text_at(*metadata, "resourceVersion");
    return found;
}

} // namespace k8s
