#include "tools/devcluster/api/body.hpp"

#include "proto_http/text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <optional>
#include <sstream>

namespace devcluster {

namespace json = boost::json;

namespace {

json::parse_options options() {
    json::parse_options made;
    made.max_depth = body_depth_max;
    return made;
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), text) != words.end();
}

/// Go's strconv.ParseInt with base 0. Nothing where it is no such number.
std::optional<json::value> integer_of(std::string_view text) {
    bool is_negative = text.starts_with('-');
    if (is_negative || text.starts_with('+'))
        text.remove_prefix(1);
    int base = 10;
    if (text.size() > 1 && text.front() == '0') {
        auto mark = text[1] | 0x20;
        base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
        text.remove_prefix(mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1);
    }
    std::uint64_t value = 0;
    auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    constexpr auto half = std::uint64_t(1) << 63;
    if (text.empty() || error != std::errc() || at != text.data() + text.size() || (is_negative && value > half))
        return std::nullopt;
    if (is_negative)
        return json::value(static_cast<std::int64_t>(0 - value));
    return value < half ? json::value(static_cast<std::int64_t>(value)) : json::value(value);
}

std::optional<json::value> number_of(std::string text) {
    std::erase(text, '_');
    if (auto integer = integer_of(text))
        return integer;
    if (text.find_first_not_of("+-.0123456789eE") != std::string::npos)
        return std::nullopt;
    const auto* begin = text.data() + (text.front() == '+' ? 1 : 0);
    double number = 0;
    auto [at, error] = std::from_chars(begin, text.data() + text.size(), number);
    if (error != std::errc() || at != text.data() + text.size() || !std::isfinite(number))
        return std::nullopt;
    constexpr double whole_max = 9e18;
    bool is_whole = std::fabs(number) < whole_max && number == std::trunc(number);
    return is_whole ? json::value(static_cast<std::int64_t>(number)) : json::value(number);
}

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

/// yaml-cpp reads the escapes \N and \_ as the bytes 85 and A0 instead of the characters U+0085 and U+00A0. All else is UTF-8, as
/// the document is.
std::string with_whole_characters(std::string_view text) {
    std::string made;
    while (!text.empty()) {
        const auto size = proto_http::utf8_sequence_size(text);
        if (size == 0)
            made += '\xC2';
        const auto taken = std::max<std::size_t>(size, 1);
        made += text.substr(0, taken);
        text.remove_prefix(taken);
    }
    return made;
}

/// YAML 1.1, as Kubernetes reads manifests.
json::value scalar(const YAML::Node& node) {
    const auto text = with_whole_characters(node.Scalar());
    if (node.Tag() == "!" || node.Tag() == "tag:yaml.org,2002:str")
        return json::value(text);
    if (is_one_of(text, {"", "~", "null", "Null", "NULL"}))
        return nullptr;
    if (is_one_of(text, {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"}))
        return true;
    if (is_one_of(text, {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"}))
        return false;
    if (std::string_view("+-.0123456789").find(text.front()) != std::string_view::npos)
        if (auto number = number_of(text))
            return *number;
    return json::value(text);
}

/// One document, and what stands twice in it.
class yaml_reader {
public:
    explicit yaml_reader(std::size_t& budget) : budget_(budget) {}

    std::vector<std::string> duplicates;

    outcome<json::value> read(const YAML::Node& node, std::size_t depth = 0) {
        // Aliases let a short text stand for a huge one.
        if (depth > body_depth_max || budget_-- == 0)
            return bad_request("YAML is nested too deeply or expands to too much");
        if (node.IsScalar())
            return scalar(node);
        if (node.IsMap())
            return read_map(node, depth);
        if (!node.IsSequence())
            return json::value(nullptr);
        json::array made;
        for (const auto& item : node) {
            auto value = read(item, depth + 1);
            if (value.has_error())
                return value.error();
            made.push_back(std::move(*value));
        }
        return json::value(std::move(made));
    }

private:
    outcome<json::value> read_map(const YAML::Node& node, std::size_t depth) {
        json::object made;
        for (const auto& member : node) {
            auto key = member.first.IsScalar() ? scalar(member.first) : json::value();
            if (key.is_null())
                return bad_request(fmt::format("line {}: a key that is not a text", member.first.Mark().line + 1));
            auto name = key.is_string() ? std::string(key.get_string()) : json::serialize(key);
            auto value = read(member.second, depth + 1);
            if (value.has_error())
                return value.error();
            if (made.contains(name))
                duplicates.push_back(
                    fmt::format("line {}: key {} already set in map", member.second.Mark().line + 1, json::serialize(key)));
            made[name] = std::move(*value);
        }
        return json::value(std::move(made));
    }

    std::size_t& budget_;
};

void emit(YAML::Emitter& to, const json::value& value) {
    if (const auto* members = value.if_object()) {
        to << (members->empty() ? YAML::Flow : YAML::Block) << YAML::BeginMap;
        for (const auto& member : *members) {
            to << YAML::Key;
            emit(to, json::value(member.key()));
            to << YAML::Value;
            emit(to, member.value());
        }
        to << YAML::EndMap;
    } else if (const auto* elements = value.if_array()) {
        to << (elements->empty() ? YAML::Flow : YAML::Block) << YAML::BeginSeq;
        for (const auto& element : *elements)
            emit(to, element);
        to << YAML::EndSeq;
    } else if (const auto* text = value.if_string()) {
        std::string plain(*text);
        if (!scalar(YAML::Node(plain)).is_string()) // it would be read as something else
            to << YAML::DoubleQuoted;
        to << plain;
    } else if (value.is_null()) {
        to << YAML::Null;
    } else {
        to << json::serialize(value);
    }
}

/// Sees whether yaml-cpp gets on: at a token that begins no node (",") it makes empty documents for ever.
class progress_watcher final : public YAML::EventHandler {
public:
    void OnDocumentStart(const YAML::Mark& mark) override {
        if (mark.pos == last_)
            throw YAML::ParserException(mark, "did not find expected node content");
        last_ = mark.pos;
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
    void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
    void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
    void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
    void OnMapEnd() override {}

private:
    int last_ = -1;
};

std::vector<YAML::Node> load_documents(const std::string& text) {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    progress_watcher watcher;
    while (parser.HandleNextDocument(watcher)) {
    }
    return YAML::LoadAll(text);
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
    if (text.find('\0') != std::string_view::npos) // yaml-cpp would take it for UTF-16 or UTF-32
        return bad_request("yaml: control characters are not allowed");
    std::vector<json::value> made;
    std::size_t budget = yaml_nodes_max;
    try {
        for (const auto& document : load_documents(std::string(text))) {
            auto value = yaml_reader(budget).read(document);
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

std::string to_yaml(const json::value& value) {
    YAML::Emitter made;
    emit(made, value);
    return std::string(made.c_str()) + '\n';
}

std::vector<std::string> duplicate_yaml_keys(std::string_view yaml) {
    std::size_t budget = yaml_nodes_max;
    yaml_reader reader(budget);
    try {
        reader.read(YAML::Load(std::string(yaml)));
    } catch (const YAML::Exception&) { // whoever parses it for its content tells of it
    }
    return reader.duplicates;
}

} // namespace devcluster
