#pragma once

#include <boost/system/result.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Which local program stands in for an image. Pure but for the look-up of programs, which is given.

namespace devcluster {

/// An image reference, normalised as Docker does: "busybox" is docker.io/library/busybox.
struct image_reference {
    std::string repository; ///< with the registry
    std::string tag;        ///< "latest" where neither a tag nor a digest was given
    std::string digest;
    bool has_version = false; ///< a tag or digest was given

    bool operator==(const image_reference&) const = default;
};

struct image_failure {
    bool is_invalid = false; ///< the image's name is no name; otherwise there is no program for it
    std::string message;
};

[[noreturn]] void throw_exception_from_error(const image_failure& error, const boost::source_location& location);

/// Errors: "couldn't parse image name ...: invalid reference format..." in the container runtime's words.
boost::system::result<image_reference, image_failure> parse_image(std::string_view text);

struct image_program {
    std::vector<std::string> entrypoint; ///< [0] is an absolute path; empty: the image has no entrypoint, as busybox
    std::vector<std::string> arguments;  ///< where the container has none

    /// The container's command line: its `command` replaces the entrypoint and the arguments, its `args` the arguments.
    std::vector<std::string> command_line(const std::vector<std::string>& command, const std::vector<std::string>& args) const;
};

class image_map {
public:
    /// Finds a program: the absolute path of something executable, or nothing.
    using program_finder = std::function<std::optional<std::string>(const std::string& program)>;

    /// With the built-in entries: kuberhealthy's checks, and a few images whose programs the host has too.
    explicit image_map(program_finder find_program);

    /// "IMAGE=PROGRAM [ARGS...]", words apart by spaces, quotes ('..' or "..") around one that has some: PROGRAM is the image's
    /// entrypoint. IMAGE without a tag matches any tag; the most exact entry wins, of equals the later one. "*=" lets every image
    /// whose container has a `command` run the host's program of that name. Errors: what is wrong with it.
    boost::system::result<void, std::string> add(std::string_view entry);

    boost::system::result<image_program, image_failure> find(std::string_view image, bool has_command) const;

private:
    struct entry {
        bool matches_all = false;
        image_reference image;
        std::vector<std::string> entrypoint;
        std::vector<std::string> arguments;
    };
    void add_builtin(std::string_view image, std::vector<std::string> entrypoint, std::vector<std::string> arguments);
    const entry* best_of(const image_reference& image, bool has_command) const;

    program_finder find_program_;
    std::vector<entry> entries_;
};

/// Looks beside the running program first, then in `path` (as $PATH). A program with a slash is a path.
image_map::program_finder find_on_this_machine(std::string_view path);

/// The folder of the running program.
std::string own_folder();

} // namespace devcluster
