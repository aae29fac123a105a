#include "tools/devcluster/node/image_map.hpp"

#include <boost/system/error_code.hpp>
#include <boost/throw_exception.hpp>
#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

namespace devcluster {

namespace {

constexpr std::string_view lower_and_digits = "abcdefghijklmnopqrstuvwxyz0123456789";

/// [a-z0-9]+ with "." "_" "__" or dashes between, by components.
bool is_repository_path(std::string_view text) {
    while (true) {
        auto component = text.substr(0, text.find('/'));
        auto is_edge = [](char c) { return lower_and_digits.find(c) != std::string_view::npos; };
        if (component.empty() || !is_edge(component.front()) || !is_edge(component.back()))
            return false;
        if (component.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") != std::string_view::npos ||
            component.find("..") != std::string_view::npos || component.find("___") != std::string_view::npos)
            return false;
        if (component.size() == text.size())
            return true;
        text.remove_prefix(component.size() + 1);
    }
}

bool is_registry(std::string_view text) {
    auto allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]";
    return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

bool is_tag(std::string_view text) {
    auto allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    return !text.empty() && text.size() <= 128 && text[0] != '.' && text[0] != '-' &&
           text.find_first_not_of(allowed) == std::string_view::npos;
}

bool is_digest(std::string_view text) {
    auto colon = text.find(':');
    return colon != std::string_view::npos && colon > 0 && text.size() - colon - 1 >= 32 &&
           text.find_first_not_of("0123456789abcdef", colon + 1) == std::string_view::npos;
}

boost::system::result<std::vector<std::string>, std::string> split_words(std::string_view text) {
    std::vector<std::string> words;
    while (true) {
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
        if (text.empty())
            return words;
        auto& word = words.emplace_back();
        while (!text.empty() && text[0] != ' ') {
            bool is_quoted = text[0] == '\'' || text[0] == '"';
            auto end = is_quoted ? text.find(text[0], 1) : std::min(text.find_first_of(" '\""), text.size());
            if (end == std::string_view::npos)
                return fmt::format("a quote that does not end: {}", text);
            word += text.substr(is_quoted, end - is_quoted);
            text.remove_prefix(end + is_quoted);
        }
    }
}

} // namespace

boost::system::result<image_reference, image_failure> parse_image(std::string_view text) {
    const auto name = text;
    auto invalid = [name](std::string_view why) {
        return image_failure{true, fmt::format("couldn't parse image name \"{}\": {}", name, why)};
    };
    image_reference found;
    if (auto at = text.find('@'); at != std::string_view::npos) {
        found.digest = text.substr(at + 1);
        if (!is_digest(found.digest))
            return invalid("invalid reference format");
        text = text.substr(0, at);
    }
    if (auto colon = text.rfind(':'); colon != std::string_view::npos && text.find('/', colon) == std::string_view::npos) {
        found.tag = text.substr(colon + 1);
        if (!is_tag(found.tag))
            return invalid("invalid reference format");
        text = text.substr(0, colon);
    }
    auto slash = text.find('/');
    auto first = slash == std::string_view::npos ? std::string_view() : text.substr(0, slash);
    bool has_registry = first.find_first_of(".:") != std::string_view::npos || first == "localhost" ||
                        first.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string_view::npos;
    std::string registry(has_registry ? first : "docker.io");
    std::string path(has_registry ? text.substr(slash + 1) : text);
    if (registry == "index.docker.io")
        registry = "docker.io";
    if (registry == "docker.io" && path.find('/') == std::string::npos)
        path = "library/" + path;
    if (path.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string::npos)
        return invalid(fmt::format("invalid reference format: repository name ({}) must be lowercase", path));
    if (!is_registry(registry) || !is_repository_path(path))
        return invalid("invalid reference format");
    found.repository = registry + "/" + path;
    found.has_version = !found.tag.empty() || !found.digest.empty();
    if (!found.has_version)
        found.tag = "latest";
    return found;
}

std::vector<std::string> image_program::command_line(const std::vector<std::string>& command,
                                                     const std::vector<std::string>& args) const {
    auto line = command.empty() ? entrypoint : command;
    const auto& rest = command.empty() && args.empty() ? arguments : args;
    line.insert(line.end(), rest.begin(), rest.end());
    return line;
}

image_map::image_map(program_finder find_program) : find_program_(std::move(find_program)) {
    add_builtin("kuberhealthy/kuberhealthy-check", {"kuberhealthy-check"}, {});
    add_builtin("kuberhealthy/test-check", {"kuberhealthy-check", "test"}, {});
    // v2's own check images that are configured by variables alone.
    add_builtin("kuberhealthy/http-check", {"kuberhealthy-check", "http"}, {});
    add_builtin("kuberhealthy/http-content-check", {"kuberhealthy-check", "http"}, {});
    add_builtin("kuberhealthy/dns-resolution-check", {"kuberhealthy-check", "dns"}, {});
    add_builtin("kuberhealthy/network-connection-check", {"kuberhealthy-check", "tcp"}, {});
    add_builtin("kuberhealthy/ssl-expiry-check", {"kuberhealthy-check", "tls-expiry"}, {});
    add_builtin("busybox", {}, {"sh"});
    add_builtin("alpine", {}, {"sh"});
    add_builtin("debian", {}, {"sh"});
    add_builtin("curlimages/curl", {"curl"}, {});
}

void image_map::add_builtin(std::string_view image, std::vector<std::string> entrypoint, std::vector<std::string> arguments) {
    entry made;
    made.image = *parse_image(image);
    made.entrypoint = std::move(entrypoint);
    made.arguments = std::move(arguments);
    entries_.push_back(std::move(made));
}

boost::system::result<void, std::string> image_map::add(std::string_view text) {
    auto equals = text.find('=');
    if (equals == std::string_view::npos)
        return fmt::format("\"{}\" is not IMAGE=PROGRAM [ARGS...]", text);
    auto image = text.substr(0, equals);
    auto words = split_words(text.substr(equals + 1));
    if (!words)
        return words.error();
    entry made;
    auto rest = words->begin() + (words->empty() ? 0 : 1);
    made.entrypoint.assign(words->begin(), rest);
    made.arguments.assign(rest, words->end());
    made.matches_all = image == "*";
    if (!made.matches_all) {
        auto parsed = parse_image(image);
        if (!parsed)
            return parsed.error().message;
        made.image = std::move(*parsed);
    }
    // Any image may be taken without one, for containers with a command of their own.
    if (made.entrypoint.empty() ? !made.matches_all : made.entrypoint.front().empty())
        return fmt::format("\"{}\" names no program", text);
    entries_.push_back(std::move(made));
    return {};
}

const image_map::entry* image_map::best_of(const image_reference& image, bool has_command) const {
    const entry* best = nullptr;
    int best_rank = 0;
    for (const auto& each : entries_) {
        int rank = 0;
        if (each.matches_all)
            rank = has_command || !each.entrypoint.empty() ? 1 : 0;
        else if (each.image.repository != image.repository)
            rank = 0;
        else if (!each.image.has_version)
            rank = 2;
        else if (each.image.digest.empty() ? each.image.tag == image.tag : each.image.digest == image.digest)
            rank = 3;
        if (rank != 0 && rank >= best_rank) {
            best = &each;
            best_rank = rank;
        }
    }
    return best;
}

boost::system::result<image_program, image_failure> image_map::find(std::string_view image, bool has_command) const {
    auto parsed = parse_image(image);
    if (!parsed)
        return parsed.error();
    const auto* best = best_of(*parsed, has_command);
    if (best == nullptr)
        return image_failure{
            false, fmt::format("no local program stands in for image \"{0}\": name one with --image {0}=PROGRAM", image)};
    image_program found;
    found.arguments = best->arguments;
    found.entrypoint = best->entrypoint;
    // A container with a command of its own does without the image's.
    if (has_command || found.entrypoint.empty())
        return found;
    auto path = find_program_(found.entrypoint[0]);
    if (!path)
        return image_failure{false,
                             fmt::format("image \"{}\" is mapped to \"{}\", which is no executable program on this machine",
                                         image, found.entrypoint[0])};
    found.entrypoint[0] = std::move(*path);
    return found;
}

void throw_exception_from_error(const image_failure& error, const boost::source_location& location) {
    boost::throw_exception(std::runtime_error(error.message), location);
}

image_map::program_finder find_on_this_machine(std::string_view path) {
    std::vector<std::filesystem::path> folders{own_folder()};
    for (std::size_t at = 0; at < path.size();) {
        auto end = std::min(path.find(':', at), path.size());
        if (end != at)
            folders.emplace_back(path.substr(at, end - at));
        at = end + 1;
    }
    return [folders = std::move(folders)](const std::string& program) -> std::optional<std::string> {
        std::error_code ignored;
        auto is_program = [&ignored](const std::filesystem::path& file) {
            return std::filesystem::is_regular_file(file, ignored) && ::access(file.c_str(), X_OK) == 0;
        };
        if (program.find('/') != std::string::npos) {
            auto file = std::filesystem::absolute(program, ignored);
            return is_program(file) ? std::optional(file.string()) : std::nullopt;
        }
        for (const auto& folder : folders)
            if (is_program(folder / program))
                return (folder / program).string();
        return std::nullopt;
    };
}

std::string own_folder() {
    std::error_code ignored;
    return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path().string();
}

} // namespace devcluster
