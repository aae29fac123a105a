#include "tools/devcluster/api/body.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <utility>

namespace devcluster {

namespace json = boost::json;

namespace {

/// Counts the members of each object on the way through the text; nothing is built.
class duplicate_finder {
public:
    using error_code = boost::system::error_code;
    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);

    explicit duplicate_finder(std::string_view text) : text_(text) {}

    std::vector<std::string> found;

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&) { return begin(false); }
    bool on_object_end(std::size_t, error_code&) { return end(); }
    bool on_array_begin(error_code&) { return begin(true); }
    bool on_array_end(std::size_t, error_code&) { return end(); }
    bool on_key_part(json::string_view part, std::size_t, error_code&) {
        key_.append(part.data(), part.size());
        return true;
    }
    bool on_key(json::string_view part, std::size_t, error_code&) {
        auto& here = levels_.back();
        here.key = whole_key(part);
        if (!is_first(here))
            found.push_back(path());
        return true;
    }
    bool on_string_part(json::string_view, std::size_t, error_code&) { return true; }
    bool on_string(json::string_view, std::size_t, error_code&) { return value(); }
    bool on_number_part(json::string_view, error_code&) { return true; }
    bool on_int64(std::int64_t, json::string_view, error_code&) { return value(); }
    bool on_uint64(std::uint64_t, json::string_view, error_code&) { return value(); }
    bool on_double(double, json::string_view, error_code&) { return value(); }
    bool on_bool(bool, error_code&) { return value(); }
    bool on_null(error_code&) { return value(); }
    bool on_comment_part(json::string_view, error_code&) { return true; }
    bool on_comment(json::string_view, error_code&) { return true; }

private:
    struct level {
        bool is_list = false;
        std::size_t index = 0;
        std::string_view key;
        std::size_t first_seen = 0;                       ///< of its keys in seen_
        boost::unordered_flat_set<std::string_view> many; ///< its keys, where a search through all of them would take long
    };

    /// Most objects have few members: for those a set would cost more than it saves.
    bool is_first(level& here) {
        constexpr std::size_t few = 16;
        const auto first = seen_.begin() + static_cast<std::ptrdiff_t>(here.first_seen);
        if (here.many.empty() && static_cast<std::size_t>(seen_.end() - first) == few)
            here.many.insert(first, seen_.end());
        if (!here.many.empty())
            return here.many.insert(here.key).second;
        if (std::find(first, seen_.end(), here.key) != seen_.end())
            return false;
        seen_.push_back(here.key);
        return true;
    }

    /// A key without escapes stays where it is, in the text.
    std::string_view whole_key(json::string_view last_part) {
        const bool is_in_text = std::greater_equal<>()(last_part.data(), text_.data()) &&
                                std::less<>()(last_part.data(), text_.data() + text_.size());
        if (key_.empty() && is_in_text)
            return last_part;
        key_.append(last_part.data(), last_part.size());
        return unescaped_.emplace_back(std::exchange(key_, {}));
    }

    bool begin(bool is_list) {
        auto& here = levels_.emplace_back();
        here.is_list = is_list;
        here.first_seen = seen_.size();
        return true;
    }
    bool end() {
        seen_.resize(levels_.back().first_seen);
        levels_.pop_back();
        return value();
    }
    bool value() {
        if (!levels_.empty() && levels_.back().is_list)
            ++levels_.back().index;
        return true;
    }
    std::string path() const {
        std::string made;
        for (const auto& one : levels_) {
            if (one.is_list)
                made += fmt::format("[{}]", one.index);
            else
                made.append(made.empty() ? "" : ".").append(one.key);
        }
        return made;
    }

    std::string_view text_;
    std::vector<level> levels_;
    std::vector<std::string_view> seen_; ///< the keys of all objects that have not ended
    std::string key_;
    std::deque<std::string> unescaped_;
};

} // namespace

std::vector<std::string> duplicate_fields(std::string_view json_text) {
    json::parse_options options;
    options.max_depth = body_depth_max;
    json::basic_parser<duplicate_finder> parser(options, json_text);
    boost::system::error_code failure;
    parser.write_some(false, json_text.data(), json_text.size(), failure);
    return failure ? std::vector<std::string>() : parser.handler().found;
}

} // namespace devcluster
