#include "tools/devcluster/api/body.hpp"

#include "proto_http/text.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cmath>
#include <set>

namespace devcluster {

namespace json = boost::json;

namespace {

json::parse_options options() {
    json::parse_options made;
    made.max_depth = body_depth_max;
    return made;
}

/// Counts the members of each object on the way through the text; nothing is built.
class duplicate_finder {
public:
    using error_code = boost::system::error_code;
    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);

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
        key_.append(part.data(), part.size());
        auto& here = levels_.back();
        here.key = std::exchange(key_, {});
        if (!here.seen.insert(here.key).second)
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
        std::string key;
        std::set<std::string> seen;
    };

    bool begin(bool is_list) {
        levels_.emplace_back().is_list = is_list;
        return true;
    }
    bool end() {
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

    std::vector<level> levels_;
    std::string key_;
};

/// Whether every number is one; Boost.JSON reads 1e400 as infinity and 0e400 as NaN (repaired here: it is zero). Neither can be
/// written again.
bool has_numbers_only(json::value& in) {
    auto good = true;
    if (auto* number = in.if_double()) {
        if (std::isnan(*number))
            *number = 0;
        return std::isfinite(*number);
    }
    if (auto* object = in.if_object())
        for (auto& member : *object)
            good = has_numbers_only(member.value()) && good;
    if (auto* array = in.if_array())
        for (auto& element : *array)
            good = has_numbers_only(element) && good;
    return good;
}

/// YAML 1.2 core schema, and YAML 1.1's booleans only where they are true and false: what manifests mean.
json::value scalar(const YAML::Node& node) {
    const auto& text = node.Scalar();
    if (node.Tag() == "!" || node.Tag() == "tag:yaml.org,2002:str")
        return json::value(text);
    if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL")
        return nullptr;
    if (text == "true" || text == "True" || text == "TRUE")
        return true;
    if (text == "false" || text == "False" || text == "FALSE")
        return false;
    const auto* end = text.data() + text.size();
    std::int64_t integer = 0;
    if (auto [at, error] = std::from_chars(text.data() + (text.front() == '+' ? 1 : 0), end, integer);
        error == std::errc() && at == end)
        return integer;
    double number = 0;
    bool is_numeric = text.find_first_not_of("+-.0123456789eE") == std::string::npos;
    if (auto [at, error] = std::from_chars(text.data(), end, number);
        is_numeric && error == std::errc() && at == end && std::isfinite(number))
        return number;
    return json::value(text);
}

outcome<json::value> to_json_value(const YAML::Node& node, std::size_t depth, std::size_t& budget) {
    // Aliases let a short text stand for a huge one.
    if (depth > body_depth_max || budget-- == 0)
        return bad_request("YAML is nested too deeply or expands to too much");
    switch (node.Type()) {
    case YAML::NodeType::Undefined:
    case YAML::NodeType::Null:
        return json::value(nullptr);
    case YAML::NodeType::Scalar:
        return scalar(node);
    case YAML::NodeType::Sequence: {
        json::array made;
        for (const auto& item : node) {
            auto value = to_json_value(item, depth + 1, budget);
            if (value.has_error())
                return value.error();
            made.push_back(std::move(*value));
        }
        return json::value(std::move(made));
    }
    case YAML::NodeType::Map:
        break;
    }
    json::object made;
    for (const auto& member : node) {
        if (!member.first.IsScalar())
            return bad_request(fmt::format("line {}: a key that is not a text", member.first.Mark().line + 1));
        auto value = to_json_value(member.second, depth + 1, budget);
        if (value.has_error())
            return value.error();
        made[member.first.Scalar()] = std::move(*value);
    }
    return json::value(std::move(made));
}

constexpr std::size_t yaml_nodes_max = 1'000'000;

} // namespace

outcome<json::value> parse_json(std::string_view text) {
    boost::system::error_code failure;
    auto value = json::parse(text, failure, {}, options());
    if (failure)
        return bad_request(fmt::format("json parse error: {}", failure.message()));
    if (!has_numbers_only(value))
        return bad_request("json parse error: a number is out of range");
    return value;
}

outcome<std::vector<json::value>> parse_yaml_documents(std::string_view text) {
    if (!proto_http::is_utf8(text))
        return bad_request("yaml: invalid UTF-8");
    std::vector<json::value> made;
    std::size_t budget = yaml_nodes_max;
    try {
        for (const auto& document : YAML::LoadAll(std::string(text))) {
            auto value = to_json_value(document, 0, budget);
            if (value.has_error())
                return value.error();
            if (!value->is_null())
                made.push_back(std::move(*value));
        }
    } catch (const YAML::Exception& error) {
        return bad_request(fmt::format("yaml: line {}: {}", error.mark.line + 1, error.msg));
    }
    return made;
}

outcome<json::value> parse_yaml(std::string_view text) {
    auto documents = parse_yaml_documents(text);
    if (documents.has_error())
        return documents.error();
    if (documents->size() != 1)
        return bad_request(fmt::format("yaml: want one document, found {}", documents->size()));
    return std::move(documents->front());
}

std::vector<std::string> duplicate_fields(std::string_view json_text) {
    json::basic_parser<duplicate_finder> parser(options());
    boost::system::error_code failure;
    parser.write_some(false, json_text.data(), json_text.size(), failure);
    return failure ? std::vector<std::string>() : parser.handler().found;
}

} // namespace devcluster
