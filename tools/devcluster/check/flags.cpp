#include "tools/devcluster/check/flags.hpp"

#include "proto_http/ascii.hpp"
#include "proto_http/go_duration.hpp"
#include "proto_http/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace devcluster {

using namespace proto_http;

namespace {

std::optional<unsigned> read_unsigned(std::string_view text) {
    unsigned value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

} // namespace

void flag_set::add(flag added) {
    auto keep = [name = added.name, read = added.read](const std::string& text) {
        if (auto problem = read(text); !problem.empty())
            throw CLI::ValidationError(name, problem); // how CLI11 is told that a text is wrong
    };
    auto keep_all = [keep](const std::vector<std::string>& texts) { std::for_each(texts.begin(), texts.end(), keep); };
    auto about = added.variables.empty() ? added.about : fmt::format("{} [${}]", added.about, fmt::join(added.variables, ", $"));
    CLI::Option* option = nullptr;
    switch (added.kind) {
    case flag_kind::single:
        option = on_.add_option_function<std::string>(added.name, keep, about)->type_name(added.type);
        break;
    case flag_kind::list:
        option = on_.add_option_function<std::vector<std::string>>(added.name, keep_all, about)->type_name(added.type);
        break;
    case flag_kind::on_off:
        option = on_.add_flag_callback(
            added.name, [keep] { keep("true"); }, about);
        break;
    }
    flags_.emplace_back(option, std::move(added));
}

std::string flag_set::read_environment(runtime& rt) const {
    for (const auto& [option, one] : flags_) {
        if (option->count() != 0)
            continue;
        for (const auto& variable : one.variables) {
            auto text = rt.environment(variable);
            if (trim(text).empty())
                continue;
            if (auto problem = one.read(text); !problem.empty())
                return fmt::format("{}: {}", variable, problem);
            break;
        }
    }
    return {};
}

flag_reader read_text(std::string& to) {
    return [&to](const std::string& text) {
        to = text;
        return std::string();
    };
}

flag_reader read_texts(std::vector<std::string>& to) {
    return [&to](const std::string& text) {
        to.emplace_back(trim(text));
        return to.back().empty() ? "it is blank" : "";
    };
}

flag_reader read_time(duration& to) {
    return [&to](const std::string& text) {
        auto value = read_unsigned(text) ? parse_go_duration(text + "s") : parse_go_duration(text);
        if (!value || value->count() < 0)
            return fmt::format("\"{}\" is not a duration, like 10s, 1m30s or 500ms", text);
        to = *value;
        return std::string();
    };
}

flag_reader read_number(unsigned& to, unsigned least, unsigned most) {
    return [&to, least, most](const std::string& text) {
        auto value = read_unsigned(trim(text));
        if (!value || *value < least || *value > most)
            return fmt::format("\"{}\" is not a number from {} to {}", text, least, most);
        to = *value;
        return std::string();
    };
}

flag_reader read_bool(bool& to) {
    return [&to](const std::string& text) {
        auto word = ascii::lower(trim(text));
        bool is_true = word == "true" || word == "1" || word == "t";
        if (!is_true && word != "false" && word != "0" && word != "f")
            return fmt::format("\"{}\" is neither true nor false", text);
        to = is_true;
        return std::string();
    };
}

} // namespace devcluster
