#include "controller/exposition.hpp"
#include "controller/log.hpp"
#include "fuzz/fuzz_input.hpp"
#include "proto_http/text.hpp"

namespace {

/// As a scraper of /metrics reads it.
std::string unescaped(std::string_view value) {
    std::string made;
    for (std::size_t at = 0; at < value.size(); ++at) {
        fuzz::require(value[at] != '\n' && value[at] != '"', "a value ends with its quote");
        if (value[at] != '\\') {
            made += value[at];
            continue;
        }
        fuzz::require(++at < value.size(), "something is escaped");
        made += value[at] == 'n' ? '\n' : value[at];
    }
    return made;
}

void check_line(kh::log_format format, std::string_view text) {
    const kh::log_field fields[] = {{"field", text}, {"number", 1}};
    auto line = kh::format_log_line(format, {}, kh::log_level::info, text, fields);
    fuzz::require(proto_http::is_utf8(line) && line.find_first_of("\r\n") == std::string::npos, "a line is a line");
    if (format == kh::log_format::json)
        fuzz::require_json(line, "a line of the log");
}

} // namespace

// Text of others in /status, /metrics and the log.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto text = fuzz::input(data, size).rest();
    auto shown = proto_http::valid_utf8(text);
    std::string json;
    kh::append_go_json_string(json, text);
    auto read = fuzz::parse_json(json);
    fuzz::require(read && read->is_string(), "a string of JSON");
    fuzz::require_equal(std::string_view(read->get_string()), shown, "it says the same");

    std::string value;
    kh::append_label_value(value, text);
    fuzz::require_equal(unescaped(value), shown, "a label says the same");
    std::string help;
    kh::append_help_text(help, text);
    fuzz::require(help.find('\n') == std::string::npos, "a help text is one line");

    check_line(kh::log_format::text, text);
    check_line(kh::log_format::json, text);
    return 0;
}
