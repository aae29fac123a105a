#include "tools/devcluster/dev/terminal.hpp"

#include <fmt/format.h>

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

namespace devcluster {

namespace {

std::size_t width_of_terminal() {
    winsize size{};
    return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

} // namespace

std::string change_line(const check_result& now, const check_result* before) {
    if (!now.has_ended)
        return {};
    bool is_same = before != nullptr && before->has_ended && before->ok == now.ok && before->errors == now.errors;
    if (is_same)
        return {};
    if (now.ok)
        return fmt::format("{} ok in {}", now.full_name(), now.run_duration);
    return fmt::format("{} FAILED ({}): {}", now.full_name(), now.outcome,
                       now.errors.empty() ? std::string("no error was given") : fmt::format("{}", fmt::join(now.errors, "; ")));
}

terminal::terminal() : is_terminal_(::isatty(STDOUT_FILENO) == 1) {}

void terminal::print(std::string_view lines) {
    draw(lines, kept_);
}

void terminal::show(const std::vector<check_result>& results, std::size_t running_pods) {
    std::string lines;
    std::map<std::string, check_result> now;
    for (const auto& one : results) {
        auto name = one.full_name() + (one.is_job ? " (job)" : "");
        auto before = told_.find(name);
        auto line = change_line(one, before == told_.end() ? nullptr : &before->second);
        if (!line.empty())
            lines += line + '\n';
        now.emplace(std::move(name), one);
    }
    told_ = std::move(now);
    auto kept = is_terminal_ ? results_summary(results, running_pods) : std::string();
    if (!lines.empty() || kept != kept_)
        draw(lines, kept);
}

void terminal::end() {
    draw({}, {});
}

void terminal::draw(std::string_view lines, std::string_view kept) {
    std::string out;
    if (is_terminal_ && !kept_.empty())
        out += "\r\x1b[K";
    out += lines;
    kept_ = kept;
    if (is_terminal_)
        out += kept_.substr(0, width_of_terminal() - 1);
    std::fwrite(out.data(), 1, out.size(), stdout);
    std::fflush(stdout);
}

} // namespace devcluster
