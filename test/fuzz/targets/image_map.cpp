#include "tools/devcluster/node/image_map.hpp"
#include "fuzz/fuzz_input.hpp"

namespace {

std::optional<std::string> find_program(const std::string& program) {
    return program.empty() ? std::nullopt : std::optional("/bin/" + program);
}

std::string text_of(const devcluster::image_reference& image) {
    return image.repository + (image.tag.empty() ? "" : ':' + image.tag) + (image.digest.empty() ? "" : '@' + image.digest);
}

} // namespace

// An entry and an image.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    auto entry = in.next();
    auto image = in.next();
    if (entry.find('\0') != std::string_view::npos)
        return 0; // entries come from a command line
    devcluster::image_map images(find_program);
    auto added = images.add(entry);
    if (added.has_error())
        fuzz::require(!added.error().empty(), "it says what is wrong");

    auto parsed = devcluster::parse_image(image);
    if (parsed) {
        auto again = devcluster::parse_image(text_of(*parsed));
        fuzz::require(again.has_value(), "a normalised image is one");
        fuzz::require_equal(text_of(*again), text_of(*parsed), "it is the same image");
    }
    for (bool has_command : {false, true}) {
        auto found = images.find(image, has_command);
        if (found.has_error())
            fuzz::require(!found.error().message.empty(), "it says why");
        else
            for (const auto& word : found->entrypoint)
                fuzz::require(!found->entrypoint.front().empty() && word.find('\0') == std::string::npos,
                              "what is run can be run");
    }
    return 0;
}
