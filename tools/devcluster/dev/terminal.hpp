#pragma once

#include "tools/devcluster/dev/results.hpp"

#include <map>
#include <string>
#include <string_view>

// What a person sees of a running cluster: one line that is kept up to date, and above it a line for each check that changed.
// Where the output is no terminal there is no line to keep, only the others.

namespace devcluster {

class terminal {
public:
    /// Whether standard output is one.
    terminal();

    /// Prints whole lines above the one that is kept.
    void print(std::string_view lines);

    /// Tells what changed since the last call, and renews the line.
    void show(const std::vector<check_result>& results, std::size_t running_pods);

    /// Takes the kept line away, for good.
    void end();

private:
    void draw(std::string_view lines, std::string_view kept);

    bool is_terminal_;
    std::string kept_;
    std::map<std::string, check_result> told_;
};

/// "kuberhealthy/http FAILED after 0.3s: connection refused", or empty where nothing is to be told: the first results, and those
/// that are not as the one before.
std::string change_line(const check_result& now, const check_result* before);

} // namespace devcluster
