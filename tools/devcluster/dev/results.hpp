#pragma once

#include "tools/devcluster/api/objects.hpp"

#include <optional>
#include <string>
#include <vector>

// What the checks and jobs of the embedded cluster have come to, as their KuberhealthyStates say.

namespace devcluster {

struct check_result {
    std::string ns;
    std::string name;
    bool is_job = false;
    bool has_ended = false; ///< a result is stored; of a `waiting` one it may still be to come
    bool ok = false;
    std::string outcome; ///< "Passed", "TimedOutBeforeReport", ...: docs/api.md
    std::string run_duration;
    std::string last_run;
    std::vector<std::string> errors;

    std::string full_name() const { return ns + '/' + name; }
    bool operator==(const check_result&) const = default;
};

/// By namespace and name. A state that belongs to an earlier check of that name is none.
std::vector<check_result> read_results(objects& from);

/// A table for a terminal, of what has ended and what has not.
std::string results_table(const std::vector<check_result>& results);

/// JUnit's XML, as CI systems read it: a test case a check. `seconds` is how long all of it took.
std::string results_junit(const std::vector<check_result>& results, std::int64_t unix_started, double seconds);

/// "5 checks: 3 ok, 1 failing, 1 waiting, 2 pods running"
std::string results_summary(const std::vector<check_result>& results, std::size_t running_pods);

} // namespace devcluster
