#include "tools/devcluster/api/patch.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

// RFC 6902 as gopkg.in/evanphx/json-patch.v4 applies it.

namespace devcluster {
namespace {

namespace json = boost::json;

constexpr std::size_t operations_max = 10'000;
constexpr std::size_t copied_bytes_max = std::size_t(3) * 1024 * 1024;
// Adding and copying can nest without end, and values are destroyed recursively.
constexpr std::size_t depth_max = 500;

struct operation {
    std::string op;
    std::optional<std::string> path;
    std::optional<std::string> from;
    const json::value* value = nullptr; ///< null: none
};

status_error does_not_apply() {
    status_error made;
    made.code = 422;
    made.reason = "Invalid";
    made.message = "the server rejected our request due to an error in our request";
    return made;
}

outcome<std::optional<std::string>> text_member(const json::object& in, std::string_view name) {
    const auto* value = in.if_contains(name);
    if (value == nullptr || value->is_null())
        return std::optional<std::string>();
    if (!value->is_string())
        return not_unmarshalled("error decoding patch: ", *value,
                                fmt::format("struct field jsonPatchOp.{} of type string", name));
    return std::optional(std::string(value->get_string()));
}

outcome<operation> read_operation(const json::value& source) {
    static const json::object nothing;
    if (!source.is_null() && !source.is_object())
        return not_unmarshalled("error decoding patch: ", source, "value of type handlers.jsonPatchOp");
    const auto& members = source.is_null() ? nothing : source.get_object();
    operation made;
    // In the order in which they stand, the first one that is wrong is told.
    for (const auto& member : members) {
        auto text = member.key() == "op" || member.key() == "path" || member.key() == "from" ? text_member(members, member.key())
                                                                                             : std::optional<std::string>();
        if (!text)
            return text.error();
        if (member.key() == "op")
            made.op = text->value_or("");
        else if (member.key() == "path")
            made.path = std::move(*text);
        else if (member.key() == "from")
            made.from = std::move(*text);
    }
    made.value = members.if_contains("value");
    return made;
}

outcome<std::vector<operation>> read_patch(const json::value& patch) {
    std::vector<operation> made;
    if (patch.is_null())
        return made;
    if (!patch.is_array())
        return not_unmarshalled("error decoding patch: ", patch, "value of type []handlers.jsonPatchOp");
    for (const auto& source : patch.get_array()) {
        auto one = read_operation(source);
        if (!one)
            return one.error();
        made.push_back(std::move(*one));
    }
    if (made.size() > operations_max) {
        status_error error;
        error.code = 413;
        error.reason = "RequestEntityTooLarge";
        error.message = fmt::format("Request entity too large: The allowed maximum operations in a JSON patch is {}, got {}",
                                    operations_max, made.size());
        return error;
    }
    return made;
}

std::size_t depth_of(const json::value& value) {
    std::size_t deepest = 0;
    if (const auto* object = value.if_object())
        for (const auto& member : *object)
            deepest = std::max(deepest, depth_of(member.value()));
    if (const auto* array = value.if_array())
        for (const auto& element : *array)
            deepest = std::max(deepest, depth_of(element));
    return deepest + 1;
}

/// "~1" is '/', "~0" is '~'.
std::string decoded(std::string_view token) {
    std::string made;
    for (std::size_t i = 0; i < token.size(); ++i) {
        const bool is_escape = token[i] == '~' && i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1');
        made += !is_escape ? token[i] : token[i + 1] == '0' ? '~' : '/';
        i += is_escape ? 1 : 0;
    }
    return made;
}

/// A place in an object or list, which need not be taken.
struct place {
    json::value* in = nullptr; ///< the object or list
    std::string key;
    std::size_t depth = 0;

    /// An index below `size`; negative ones count from the end.
    std::optional<std::size_t> index(std::size_t size) const {
        std::int64_t value = 0;
        const auto* begin = key.data() + (key.starts_with('+') && key.size() > 1 && key[1] != '-' ? 1 : 0);
        const auto* end = key.data() + key.size();
        const auto [stop, failure] = std::from_chars(begin, end, value);
        const auto count = static_cast<std::int64_t>(size);
        if (failure != std::errc() || stop != end || value >= count || value < -count)
            return std::nullopt;
        return static_cast<std::size_t>(value < 0 ? value + count : value);
    }

    /// What is there, or null.
    json::value* get() const {
        if (auto* object = in->if_object())
            return object->if_contains(key);
        auto& list = in->get_array();
        const auto at = index(list.size());
        return at ? &list[*at] : nullptr;
    }

    bool add(json::value value) const {
        if (auto* object = in->if_object()) {
            object->insert_or_assign(key, std::move(value));
            return true;
        }
        auto& list = in->get_array();
        const auto at = key == "-" ? list.size() : index(list.size() + 1);
        if (at)
            list.insert(list.begin() + static_cast<std::ptrdiff_t>(*at), std::move(value));
        return at.has_value();
    }

    bool remove() const {
        if (auto* object = in->if_object())
            return object->erase(key) > 0;
        auto& list = in->get_array();
        const auto at = index(list.size());
        if (at)
            list.erase(list.begin() + static_cast<std::ptrdiff_t>(*at));
        return at.has_value();
    }
};

class document {
public:
    explicit document(json::value whole) : whole_(std::move(whole)) {}

    json::value take() { return std::move(whole_); }

    bool apply(const operation& one) {
        if (!one.path)
            return false;
        if (one.op == "add")
            return add(one, value_of(one));
        if (one.op == "remove")
            return remove(one);
        if (one.op == "replace")
            return replace(one);
        if (one.op == "move")
            return move(one);
        if (one.op == "copy")
            return copy(one);
        return one.op == "test" && test(one);
    }

private:
    static json::value value_of(const operation& one) { return one.value == nullptr ? json::value() : *one.value; }

    /// None for the whole document, and where something on the way is missing. What stands before the first '/' is not looked at.
    std::optional<place> find(std::string_view pointer) {
        auto slash = pointer.find('/');
        if (slash == std::string_view::npos)
            return std::nullopt;
        place at{&whole_, {}, 1};
        while (slash != std::string_view::npos) {
            pointer.remove_prefix(slash + 1);
            slash = pointer.find('/');
            if (!at.in->is_structured())
                return std::nullopt;
            at.key = decoded(pointer.substr(0, slash));
            if (slash == std::string_view::npos)
                return at;
            at.in = at.get();
            ++at.depth;
            if (at.in == nullptr)
                return std::nullopt;
        }
        return at;
    }

    bool add(const operation& one, json::value value) {
        const auto at = find(*one.path);
        return at && at->depth + depth_of(value) <= depth_max && at->add(std::move(value));
    }

    bool remove(const operation& one) {
        const auto at = find(*one.path);
        return at && at->remove();
    }

    bool replace(const operation& one) {
        if (one.path->empty()) {
            if (one.value == nullptr || !one.value->is_structured())
                return false;
            whole_ = *one.value;
            return true;
        }
        const auto at = find(*one.path);
        if (!at || at->depth + (one.value == nullptr ? 0 : depth_of(*one.value)) > depth_max)
            return false;
        if (at->in->is_object())
            return at->add(value_of(one));
        auto* there = at->get();
        if (there != nullptr)
            *there = value_of(one);
        return there != nullptr;
    }

    bool move(const operation& one) {
        const auto source = one.from ? find(*one.from) : std::nullopt;
        auto* there = source ? source->get() : nullptr;
        if (there == nullptr)
            return false;
        auto value = std::move(*there);
        return source->remove() && add(one, std::move(value));
    }

    bool copy(const operation& one) {
        const auto source = one.from ? find(*one.from) : std::nullopt;
        const auto* there = source ? source->get() : nullptr;
        if (!source || (there == nullptr && source->in->is_array()))
            return false;
        if (there != nullptr)
            copied_ += json::serialize(*there).size();
        return copied_ <= copied_bytes_max && add(one, there == nullptr ? json::value() : *there);
    }

    bool test(const operation& one) {
        const auto expected = value_of(one);
        if (one.path->empty())
            return whole_ == expected;
        const auto at = find(*one.path);
        if (!at)
            return false;
        const auto* there = at->get();
        if (there == nullptr)
            return at->in->is_object() && expected.is_null();
        return *there == expected;
    }

    json::value whole_;
    std::size_t copied_ = 0;
};

} // namespace

outcome<json::value> apply_json_patch(json::value original, const json::value& patch) {
    const auto operations = read_patch(patch);
    if (!operations)
        return operations.error();
    document of(std::move(original));
    for (const auto& one : *operations)
        if (!of.apply(one))
            return does_not_apply();
    return of.take();
}

status_error not_unmarshalled(std::string_view prefix, const json::value& found, std::string_view wanted) {
    const char* kind = found.is_array()    ? "array"
                       : found.is_object() ? "object"
                       : found.is_string() ? "string"
                       : found.is_bool()   ? "bool"
                                           : "number";
    return bad_request(fmt::format("{}json: cannot unmarshal {} into Go {}", prefix, kind, wanted));
}

} // namespace devcluster
