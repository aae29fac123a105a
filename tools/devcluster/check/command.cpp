#include "tools/devcluster/check/command.hpp"

#include "proto_http/error.hpp"
#include "proto_http/text.hpp"
#include "proto_http/with_deadline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace devcluster {

namespace asio = boost::asio;
using namespace proto_http;

namespace {

constexpr std::size_t output_tail = 4 * 1024;
constexpr std::size_t shown_command_max = 120;
constexpr std::size_t shown_output_max = 1024;
constexpr int shown_lines_max = 5;

std::string text_of(const std::vector<std::string>& arguments) {
    std::string text;
    for (const auto& one : arguments) {
        bool is_plain = !one.empty() && one.find_first_of(" \t\n'\"") == std::string::npos;
        text += fmt::format("{}{}", text.empty() ? "" : " ", is_plain ? one : fmt::format("'{}'", one));
    }
    return one_line(legible(text, 2 * shown_command_max), shown_command_max);
}

void drop_first_line(std::string_view& text) {
    if (auto end = text.find('\n'); end != std::string_view::npos)
        text.remove_prefix(end + 1);
}

std::string last_lines(std::string_view output) {
    auto text = trim(output);
    if (output.size() >= output_tail) // it was cut, in the middle of a line
        drop_first_line(text);
    while (std::count(text.begin(), text.end(), '\n') >= shown_lines_max)
        drop_first_line(text);
    while (text.size() > shown_output_max && text.find('\n') != std::string_view::npos)
        drop_first_line(text);
    return legible(text, shown_output_max);
}

std::string how_it_ended(const command_output& output) {
    if (output.signal != 0)
        return fmt::format("ended by signal {} ({})", output.signal, ::strsignal(output.signal));
    return fmt::format("exit code {}", output.exit_code);
}

} // namespace

asio::awaitable<findings> check_command(runtime& rt, command_options options, time_point limit) {
    findings found;
    auto asked = text_of(options.arguments);
    command what;
    what.arguments = std::move(options.arguments);
    what.environment = {{"KH_RUN_UUID", ""}, {"KH_REPORTING_URL", ""}};
    what.output_tail = output_tail;
    auto began = rt.now();
    auto running = rt.run(std::move(what));
    auto end = began + std::min(options.timeout, limit - began);
    auto output = co_await with_deadline<command_output>(rt, std::move(running), end);
    auto after = time_since(rt, began);
    if (!output && output.error() == errc::timed_out)
        found.errors.push_back(fmt::format("{}: did not end within {} and was killed", asked, after));
    else if (!output)
        found.errors.push_back(fmt::format("{}: {} (after {})", asked, output.error().message(), after));
    else if (output->exit_code == 0)
        found.notes.push_back(fmt::format("{}: exit code 0 after {}", asked, after));
    else {
        auto said = last_lines(trim(output->error_output).empty() ? output->output : output->error_output);
        found.errors.push_back(
            fmt::format("{}: {} after {}{}{}", asked, how_it_ended(*output), after, said.empty() ? "" : ": ", said));
    }
    co_return found;
}

} // namespace devcluster
