#include "fuzz/fuzz_input.hpp"
#include "tools/devcluster/api/selector.hpp"

#include <vector>

using devcluster::field_selector;

// A selector and an object.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::vector<std::string> supported{"spec.nodeName", "status.phase", "source", "spec.hostNetwork"};
    fuzz::input in(data, size);
    const std::string text(in.next());
    auto object = fuzz::parse_object(in.next()).value_or(boost::json::object());
    auto of_metadata = field_selector::parse_metadata_only(text);
    auto parsed = field_selector::parse(text, supported);
    fuzz::require(parsed.has_value() || of_metadata.has_error(), "more fields take what fewer take");
    if (!parsed) {
        fuzz::require(parsed.error().code == 400, "what is no selector is a bad request");
        fuzz::require_json(boost::json::serialize(devcluster::to_json(parsed.error())), "the answer");
        return 0;
    }
    bool selects = parsed->matches(object);
    fuzz::require(selects || !parsed->selects_everything(), "everything is everything");

    auto equals = text.find('=');
    if (equals == std::string::npos || text.find_first_of(",=!\\", equals + 1) != std::string::npos ||
        text.find_first_of(",!\\") < equals)
        return 0;
    auto opposite = field_selector::parse(text.substr(0, equals) + '!' + text.substr(equals), supported);
    fuzz::require(opposite.has_value(), "the opposite of a selector is one");
    if (!parsed->selects_everything())
        fuzz::require(opposite->matches(object) != selects, "selected and not selected are the whole");
    return 0;
}
