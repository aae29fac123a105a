#pragma once

#include "controller/core/types.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What `/status` and `/metrics` show: one rendered piece per check, made again only when that check changed, and joined when
// somebody asks. Pure. Format sources: Kuberhealthy v2.7.1 pkg/health/state.go and pkg/metrics/exporter.go; the Prometheus text
// format 0.0.4.

namespace kh {

using core::freshness;

/// One check or job as it is to be shown.
struct board_entry {
    core::check_key key;
    core::workload kind = core::workload::check;
    freshness fresh = freshness::pending;
    std::string stale_text;                ///< why it is stale: shown as "ns/name: stale: <text>"
    std::optional<core::state_view> state; ///< shown only if it has an authoritative pod, as in v2
    std::string waiting_reason;            ///< of its open run's pod, or empty
    std::optional<core::outcome> how;      ///< of the last result, where known

    bool operator==(const board_entry&) const = default;
};

/// An error that belongs to no stored result. A namespace limits it to pages that show that namespace; empty: every page.
struct board_error {
    std::string ns;
    std::string text;

    bool operator==(const board_error&) const = default;
};

/// What the pages say beside the checks.
struct board_globals {
    std::string current_master;
    bool working = true; ///< kuberhealthy_running: watches synced and a leader known
    std::vector<board_error> errors;

    bool operator==(const board_globals&) const = default;
};

/// From the settings.
struct board_options {
    bool suppress_error_label = false;
    std::size_t error_label_size_max = 0; ///< bytes; 0: no limit
    /// `Metadata` of the status page; without a value the page has no such member (2.7.1), with one it has (2.8).
    std::optional<std::map<std::string, std::string>> metadata;

    bool operator==(const board_options&) const = default;
};

/// Families of the process itself, appended after those of the checks. Label values are escaped here.
struct metric_sample {
    std::vector<std::pair<std::string, std::string>> labels;
    double value = 0;

    bool operator==(const metric_sample&) const = default;
};

struct metric_family {
    std::string name;
    std::string help;
    std::string type; ///< "counter" or "gauge"
    std::vector<metric_sample> samples;

    bool operator==(const metric_family&) const = default;
};

class status_board {
public:
    explicit status_board(board_options options = {});

    void set_options(board_options options);

    /// Adds or replaces. An entry equal to the present one changes nothing.
    void update(board_entry entry);
    void erase(const core::check_key& key);
    std::size_t size() const { return cells_.size(); }

    /// The cluster state over all checks: every shown result is OK and without errors, nothing is stale, no error in `globals`.
    bool ok(const board_globals& globals) const;

    /// v2's status document. `namespaces` is the raw, percent-decoded value of the first `namespace` parameter: names separated
    /// by commas, blank ones dropped; none left means all. The text is shared and immutable; asked again without a change it is
    /// the same object.
    std::shared_ptr<const std::string> status_json(const board_globals& globals, std::string_view namespaces = {});

    /// The Prometheus text format, version 0.0.4. Same sharing.
    std::shared_ptr<const std::string> metrics(const board_globals& globals, const std::vector<metric_family>& process = {});

private:
    /// One check: the entry and what was rendered of it.
    struct cell {
        board_entry entry;
        bool shown = false; ///< has a result to show
        bool good = true;   ///< neither failing nor stale
        std::string json;   ///< `    "ns/name": {…}` without a comma; empty if not shown
        std::string check_line;
        std::string duration_line;
        std::string outcome_line;
        std::string stale_line;
        std::string waiting_line;
    };

    cell render(const std::string& name, board_entry entry) const;
    std::string render_status(const board_globals& globals, const std::vector<std::string_view>& namespaces) const;
    const std::string& check_families();

    board_options options_;
    std::map<std::string, cell, std::less<>> cells_; // by "ns/name": the order of the keys in v2's JSON
    std::uint64_t version_ = 1;                      // of the cells and options

    struct status_answer {
        std::uint64_t version = 0;
        board_globals globals;
        std::shared_ptr<const std::string> text;
    };
    struct metrics_answer {
        std::uint64_t version = 0;
        board_globals globals;
        std::vector<metric_family> process;
        std::shared_ptr<const std::string> text;
    };

    status_answer status_; // the last ones
    metrics_answer metrics_;
    std::uint64_t families_version_ = 0;
    std::string families_; // of the checks, without what stands before them
};

} // namespace kh
