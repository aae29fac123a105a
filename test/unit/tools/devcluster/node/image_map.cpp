#include "tools/devcluster/node/image_map.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

using namespace devcluster;

namespace {

/// Everything is there, but "missing".
image_map::program_finder all_but_missing() {
    return [](const std::string& program) { return program == "missing" ? std::nullopt : std::optional("/bin/" + program); };
}

using words = std::vector<std::string>;

/// The command line, or the failure.
std::string line_of(const image_map& map, const std::string& image, const words& command = {}, const words& args = {}) {
    auto found = map.find(image, !command.empty());
    if (!found)
        return (found.error().is_invalid ? "invalid: " : "none: ") + found.error().message;
    return fmt::format("{}", fmt::join(found->command_line(command, args), "|"));
}

} // namespace

BOOST_AUTO_TEST_SUITE(image_map_)

BOOST_AUTO_TEST_CASE(names_of_images_are_normalised_as_docker_does) {
    struct {
        const char* text;
        const char* repository;
        const char* tag;
        bool has_version;
    } cases[] = {
        {"busybox", "docker.io/library/busybox", "latest", false},
        {"busybox:1.36", "docker.io/library/busybox", "1.36", true},
        {"docker.io/busybox", "docker.io/library/busybox", "latest", false},
        {"index.docker.io/library/busybox", "docker.io/library/busybox", "latest", false},
        {"kuberhealthy/check:v2", "docker.io/kuberhealthy/check", "v2", true},
        {"localhost:5000/a/b", "localhost:5000/a/b", "latest", false},
        {"registry.example/none:1", "registry.example/none", "1", true},
        {"a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "docker.io/library/a", "", true},
    };
    for (const auto& each : cases) {
        auto parsed = parse_image(each.text);
        BOOST_TEST_REQUIRE(parsed.has_value(), each.text);
        BOOST_TEST(parsed->repository == each.repository);
        BOOST_TEST(parsed->tag == each.tag);
        BOOST_TEST(parsed->has_version == each.has_version);
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_image_name_is_refused_in_the_runtimes_words) {
    for (auto text : {"", ":", "a:", "a:-x", "/a", "a//b", "a b", "a@b", "a@sha256:12", "-a", "a..b", "a:b:c", "ä"}) {
        auto parsed = parse_image(text);
        BOOST_TEST_REQUIRE(!parsed.has_value(), text);
        BOOST_TEST(parsed.error().message == fmt::format("couldn't parse image name \"{}\": invalid reference format", text));
    }
    BOOST_TEST(
        parse_image("BusyBox").error().message ==
        "couldn't parse image name \"BusyBox\": invalid reference format: repository name (library/BusyBox) must be lowercase");
}

BOOST_AUTO_TEST_CASE(command_and_args_replace_entrypoint_and_arguments_as_in_kubernetes) {
    image_map map(all_but_missing());
    BOOST_TEST_REQUIRE(map.add("me/check=python3 check.py '--name=a b' \"\"").has_value());
    BOOST_TEST(line_of(map, "me/check") == "/bin/python3|check.py|--name=a b|");
    BOOST_TEST(line_of(map, "me/check", {}, {"other.py"}) == "/bin/python3|other.py");
    BOOST_TEST(line_of(map, "me/check", {"sh"}) == "sh");
    BOOST_TEST(line_of(map, "me/check", {"sh", "-c"}, {"x"}) == "sh|-c|x");
}

BOOST_AUTO_TEST_CASE(images_that_the_host_can_stand_in_for_are_built_in) {
    image_map map(all_but_missing());
    BOOST_TEST(line_of(map, "kuberhealthy/kuberhealthy-check:v3", {}, {"http", "--url=x"}) ==
               "/bin/kuberhealthy-check|http|--url=x");
    BOOST_TEST(line_of(map, "docker.io/kuberhealthy/test-check") == "/bin/kuberhealthy-check|test");
    BOOST_TEST(line_of(map, "busybox:1.36") == "sh");
    BOOST_TEST(line_of(map, "docker.io/library/alpine", {}, {"echo", "hi"}) == "echo|hi"); // it has no entrypoint
    BOOST_TEST(line_of(map, "debian:12", {"date"}) == "date");
    BOOST_TEST(line_of(map, "curlimages/curl", {}, {"-sf", "x"}) == "/bin/curl|-sf|x");
}

BOOST_AUTO_TEST_CASE(the_most_exact_entry_wins_and_of_equals_the_later) {
    image_map map(all_but_missing());
    for (auto entry : {"a:1=tagged", "a=first", "a=second", "*=other", "busybox=mine"})
        BOOST_TEST_REQUIRE(map.add(entry).has_value(), entry);
    BOOST_TEST(line_of(map, "a:1") == "/bin/tagged");
    BOOST_TEST(line_of(map, "a:2") == "/bin/second");
    BOOST_TEST(line_of(map, "a") == "/bin/second");
    BOOST_TEST(line_of(map, "b") == "/bin/other");
    BOOST_TEST(line_of(map, "busybox") == "/bin/mine");
}

BOOST_AUTO_TEST_CASE(an_image_without_a_program_is_said_to_have_none) {
    image_map map(all_but_missing());
    BOOST_TEST_REQUIRE(map.add("b=missing").has_value());
    BOOST_TEST(line_of(map, "a:1") == "none: no local program stands in for image \"a:1\": name one with --image a:1=PROGRAM");
    BOOST_TEST(line_of(map, "b") == "none: image \"b\" is mapped to \"missing\", which is no executable program on this machine");
    BOOST_TEST(line_of(map, "b", {"sh"}) == "sh"); // its own program is not asked for
    BOOST_TEST(
        line_of(map, "A") ==
        "invalid: couldn't parse image name \"A\": invalid reference format: repository name (library/A) must be lowercase");
}

BOOST_AUTO_TEST_CASE(with_any_image_a_container_that_has_a_command_runs) {
    image_map map(all_but_missing());
    BOOST_TEST_REQUIRE(map.add("*=").has_value());
    BOOST_TEST(line_of(map, "a", {"true"}) == "true");
    BOOST_TEST(line_of(map, "a").starts_with("none: "));
    BOOST_TEST(line_of(map, "a", {}, {"true"}).starts_with("none: "));
}

BOOST_AUTO_TEST_CASE(an_entry_that_is_none_is_refused) {
    image_map map(all_but_missing());
    BOOST_TEST(map.add("a").error() == "\"a\" is not IMAGE=PROGRAM [ARGS...]");
    BOOST_TEST(map.add("a= ").error() == "\"a= \" names no program");
    BOOST_TEST(map.add("*='' x").error() == "\"*='' x\" names no program");
    BOOST_TEST(map.add("A=x").error() ==
               "couldn't parse image name \"A\": invalid reference format: repository name (library/A) must be lowercase");
    BOOST_TEST(map.add("a=x 'y").error() == "a quote that does not end: 'y");
}

BOOST_AUTO_TEST_CASE(programs_are_found_beside_the_running_one_and_in_the_path) {
    auto find = find_on_this_machine("/nowhere::/usr/bin:/bin");
    BOOST_TEST(find("pod-shim").value() == own_folder() + "/pod-shim");
    BOOST_TEST(find("sh").value() == "/usr/bin/sh");
    BOOST_TEST(find("/bin/sh").value() == "/bin/sh");
    BOOST_TEST(!find("no-such-program").has_value());
    BOOST_TEST(!find("/etc/passwd").has_value());
    BOOST_TEST(!find("/usr/bin").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
