#include "fuzz/fuzz_input.hpp"
#include "tools/devcluster/api/selector.hpp"

using devcluster::label_selector;

namespace {

const boost::json::object* labels_of(const std::optional<boost::json::object>& object) {
    return object ? &*object : nullptr;
}

/// Of two that say the opposite exactly one selects, or neither is a selector.
void compare(const std::string& yes, const std::string& no, const boost::json::object* labels) {
    auto selected = label_selector::parse(yes);
    auto rejected = label_selector::parse(no);
    fuzz::require(selected.has_value() == rejected.has_value(), "the opposite of a selector is one");
    if (selected)
        fuzz::require(selected->matches(labels) != rejected->matches(labels), "selected and not selected are the whole");
}

} // namespace

// A selector and labels.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    const std::string text(in.next());
    auto labels = fuzz::parse_object(in.next());
    auto parsed = label_selector::parse(text);
    if (parsed) {
        parsed->matches(labels_of(labels));
        fuzz::require(label_selector::parse("  " + text + " ").has_value(), "white space around it means nothing");
    } else {
        fuzz::require(parsed.error().code == 400, "what is no selector is a bad request");
        fuzz::require_json(boost::json::serialize(devcluster::to_json(parsed.error())), "the answer");
    }

    constexpr std::string_view special = " \t\r\n=!(),><";
    auto equals = text.find('=');
    if (equals == std::string::npos) {
        if (text.find_first_of(special) == std::string::npos && !text.empty())
            compare(text, '!' + text, labels_of(labels));
        return 0;
    }
    auto key = text.substr(0, equals);
    auto value = text.substr(equals + 1);
    if (key.find_first_of(special) != std::string::npos || value.find_first_of(special) != std::string::npos)
        return 0;
    compare(text, key + "!=" + value, labels_of(labels));
    compare(key + " in (" + value + ")", key + " notin (" + value + ")", labels_of(labels));
    return 0;
}
