#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace devcluster {

/// Where a walk through an object is: a chain on the walk's own stack, which becomes a text only where something is to be said of
/// the place. A part must not outlive what it was made of; pass it down, do not keep it.
class field_path {
public:
    /// The whole object; its text is empty.
    field_path() = default;
    field_path(const field_path&) = delete;
    field_path& operator=(const field_path&) = delete;

    /// "spec" and "a" is "spec.a"; without a dot at the root.
    field_path child(std::string_view name) const { return {this, step::child, name, 0}; }
    /// ... with a dot there, too, as the validation of OpenAPI has it.
    field_path dotted(std::string_view name) const { return {this, step::dotted, name, 0}; }
    /// "spec[3]"
    field_path index(std::size_t at) const { return {this, step::index, {}, at}; }
    /// "spec[a]": a key of a map.
    field_path key(std::string_view name) const { return {this, step::key, name, 0}; }

    std::string text() const;

private:
    enum class step { root, child, dotted, index, key };

    field_path(const field_path* parent, step how, std::string_view name, std::size_t at)
        : parent_(parent), how_(how), name_(name), at_(at) {}
    void append_to(std::string& made) const;

    const field_path* parent_ = nullptr;
    step how_ = step::root;
    std::string_view name_;
    std::size_t at_ = 0;
};

} // namespace devcluster

template <>
struct fmt::formatter<devcluster::field_path> : fmt::formatter<std::string> {
    template <class Context>
    auto format(const devcluster::field_path& path, Context& context) const {
        return fmt::formatter<std::string>::format(path.text(), context);
    }
};
