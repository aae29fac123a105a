#include "controller/status_board.hpp"

#include "asio_k8s/rfc3339.hpp"
#include "controller/exposition.hpp"
#include "proto_http/go_duration.hpp"
#include "proto_http/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace kh {

namespace {

bool is_blank(std::string_view text) {
    return proto_http::trim(text).empty();
}

std::string_view as_json(bool value) {
    return value ? "true" : "false";
}

// `{` and `}` of Go's indenter: an empty list or map has no line end in it.
void append_json_strings(std::string& out, const std::vector<std::string>& values, std::string_view indent) {
    if (values.empty()) {
        out += "[]";
        return;
    }
    out += '[';
    for (std::size_t i = 0; i < values.size(); ++i) {
        out.append(i == 0 ? "\n" : ",\n").append(indent).append("  ");
        append_go_json_string(out, values[i]);
    }
    out.append("\n").append(indent).append("]");
}

std::string render_details(const std::string& name, const core::check_key& key, const core::state_view& state) {
    const auto field = [](std::string& out, std::string_view field_name, std::string_view value) {
        out.append("      \"").append(field_name).append("\": ");
        append_go_json_string(out, value);
    };
    std::string out = "    ";
    append_go_json_string(out, name);
    out.append(": {\n      \"OK\": ").append(as_json(state.ok)).append(",\n      \"Errors\": ");
    append_json_strings(out, state.errors, "      ");
    out += ",\n";
    field(out, "RunDuration", state.run_duration);
    out += ",\n";
    field(out, "Namespace", key.ns);
    out += ",\n";
    field(out, "Node", state.node);
    out += ",\n";
    if (state.last_run) { // v2 leaves it out where there is none
        field(out, "LastRun", k8s::format_rfc3339(*state.last_run));
        out += ",\n";
    }
    field(out, "AuthoritativePod", state.authoritative_pod);
    out += ",\n";
    field(out, "uuid", state.run_id);
    out += "\n    }";
    return out;
}

void append_label(std::string& out, std::string_view name, std::string_view value) {
    out.append(out.back() == '{' ? "" : ",").append(name).append("=\"");
    append_label_value(out, value);
    out += '"';
}

std::string start_series(std::string_view family, const std::string& name, const core::check_key& key) {
    std::string out(family);
    out += '{';
    append_label(out, "check", name);
    append_label(out, "namespace", key.ns);
    return out;
}

// v2 joins with `|` and turns double quotes into single ones.
std::string error_label(const std::vector<std::string>& errors, std::size_t size_max) {
    auto text = fmt::format("{}", fmt::join(errors, "|"));
    std::replace(text.begin(), text.end(), '"', '\'');
    return size_max == 0 ? text : std::string(proto_http::cut_utf8(text, size_max));
}

double seconds_of(std::string_view go_duration) {
    const auto value = proto_http::parse_go_duration(go_duration);
    return value ? std::chrono::duration<double>(*value).count() : 0;
}

std::string number(double value) {
    if (std::isnan(value))
        return "NaN";
    if (std::isinf(value))
        return value > 0 ? "+Inf" : "-Inf";
    return fmt::format("{}", value);
}

void append_head(std::string& out, std::string_view family, std::string_view help, std::string_view type = "gauge") {
    out.append("# HELP ").append(family).append(" ");
    append_help_text(out, help);
    out.append("\n# TYPE ").append(family).append(" ").append(type).append("\n");
}

void append_family(std::string& out, const metric_family& family) {
    append_head(out, family.name, family.help, family.type);
    for (const auto& sample : family.samples) {
        std::string line = family.name;
        if (!sample.labels.empty()) {
            line += '{';
            for (const auto& [name, value] : sample.labels)
                append_label(line, name, value);
            line += '}';
        }
        out.append(line).append(" ").append(number(sample.value)).append("\n");
    }
}

std::vector<std::string_view> split_namespaces(std::string_view text) {
    std::vector<std::string_view> out;
    while (!text.empty()) {
        const auto size = std::min(text.find(','), text.size());
        if (size > 0)
            out.push_back(text.substr(0, size));
        text.remove_prefix(std::min(size + 1, text.size()));
    }
    return out;
}

bool selects(const std::vector<std::string_view>& namespaces, std::string_view ns) {
    return namespaces.empty() || std::find(namespaces.begin(), namespaces.end(), ns) != namespaces.end();
}

void append_member_map(std::string& out, std::string_view name, const std::vector<const std::string*>& members) {
    out.append("  \"").append(name).append("\": {");
    for (std::size_t i = 0; i < members.size(); ++i)
        out.append(i == 0 ? "\n" : ",\n").append(*members[i]);
    out += members.empty() ? "}" : "\n  }";
}

void append_metadata(std::string& out, const std::map<std::string, std::string>& metadata) {
    out += ",\n  \"Metadata\": {";
    bool first = true;
    for (const auto& [name, value] : metadata) {
        out += first ? "\n    " : ",\n    ";
        first = false;
        append_go_json_string(out, name);
        out += ": ";
        append_go_json_string(out, value);
    }
    out += metadata.empty() ? "}" : "\n  }";
}

} // namespace

status_board::status_board(board_options options) : options_(std::move(options)) {}

void status_board::set_options(board_options options) {
    if (options == options_)
        return;
    options_ = std::move(options);
    for (auto& [name, target] : cells_)
        target = render(name, std::move(target.entry));
    ++version_;
}

void status_board::update(board_entry entry) {
    auto name = entry.key.text();
    const auto [at, is_new] = cells_.try_emplace(std::move(name));
    if (!is_new && at->second.entry == entry)
        return;
    at->second = render(at->first, std::move(entry));
    ++version_;
}

void status_board::erase(const core::check_key& key) {
    version_ += cells_.erase(key.text());
}

status_board::cell status_board::render(const std::string& name, board_entry entry) const {
    cell out;
    const bool is_stale = entry.fresh == freshness::stale;
    const bool is_job = entry.kind == core::workload::job;
    out.shown = entry.state && !entry.state->authoritative_pod.empty();
    out.good = !is_stale;
    if (out.shown) {
        const auto& state = *entry.state;
        out.good = out.good && state.ok && std::all_of(state.errors.begin(), state.errors.end(), is_blank);
        out.json = render_details(name, entry.key, state);
        out.check_line = start_series(is_job ? "kuberhealthy_job" : "kuberhealthy_check", name, entry.key);
        append_label(out.check_line, "status", state.ok ? "1" : "0");
        if (!options_.suppress_error_label)
            append_label(out.check_line, "error", error_label(state.errors, options_.error_label_size_max));
        out.check_line += state.ok ? "} 1\n" : "} 0\n";
        out.duration_line =
            start_series(is_job ? "kuberhealthy_job_duration_seconds" : "kuberhealthy_check_duration_seconds", name, entry.key) +
            fmt::format("}} {:.6f}\n", seconds_of(state.run_duration));
    }
    if (entry.how) {
        out.outcome_line = start_series("kuberhealthy_check_outcome", name, entry.key);
        append_label(out.outcome_line, "reason", core::to_text(*entry.how));
        out.outcome_line += "} 1\n";
    }
    out.stale_line = start_series("kuberhealthy_check_stale", name, entry.key) + (is_stale ? "} 1\n" : "} 0\n");
    if (!entry.waiting_reason.empty()) {
        out.waiting_line = start_series("kuberhealthy_check_waiting", name, entry.key);
        append_label(out.waiting_line, "reason", entry.waiting_reason);
        out.waiting_line += "} 1\n";
    }
    out.entry = std::move(entry);
    return out;
}

bool status_board::ok(const board_globals& globals) const {
    return globals.errors.empty() && std::all_of(cells_.begin(), cells_.end(), [](const auto& item) { return item.second.good; });
}

std::string status_board::render_status(const board_globals& globals, const std::vector<std::string_view>& namespaces) const {
    std::vector<std::string> errors;
    std::vector<std::string> stale;
    std::vector<const std::string*> checks;
    std::vector<const std::string*> jobs;
    bool good = true;
    for (const auto& [name, item] : cells_) {
        const auto& entry = item.entry;
        if (!selects(namespaces, entry.key.ns))
            continue;
        good = good && item.good;
        if (item.shown) {
            std::copy_if(entry.state->errors.begin(), entry.state->errors.end(), std::back_inserter(errors),
                         [](const std::string& text) { return !is_blank(text); });
            (entry.kind == core::workload::job ? jobs : checks).push_back(&item.json);
        }
        if (entry.fresh == freshness::stale)
            stale.push_back(name + ": stale: " + entry.stale_text);
    }
    errors.insert(errors.end(), std::make_move_iterator(stale.begin()), std::make_move_iterator(stale.end()));
    for (const auto& error : globals.errors)
        if (error.ns.empty() || selects(namespaces, error.ns)) {
            errors.push_back(error.text);
            good = false;
        }
    std::size_t size = 4096;
    for (const auto* members : {&checks, &jobs})
        for (const auto* item : *members)
            size += item->size() + 2;
    std::string out;
    out.reserve(size);
    out.append("{\n  \"OK\": ").append(as_json(good)).append(",\n  \"Errors\": ");
    append_json_strings(out, errors, "  ");
    out += ",\n";
    append_member_map(out, "CheckDetails", checks);
    out += ",\n";
    append_member_map(out, "JobDetails", jobs);
    out += ",\n  \"CurrentMaster\": ";
    append_go_json_string(out, globals.current_master);
    if (options_.metadata)
        append_metadata(out, *options_.metadata);
    out += "\n}";
    return out;
}

std::shared_ptr<const std::string> status_board::status_json(const board_globals& globals, std::string_view namespaces) {
    const auto selected = split_namespaces(namespaces);
    if (!selected.empty()) // rare, and of any number of shapes: not kept
        return std::make_shared<const std::string>(render_status(globals, selected));
    if (!status_.text || status_.version != version_ || !(status_.globals == globals))
        status_ = {version_, globals, std::make_shared<const std::string>(render_status(globals, {}))};
    return status_.text;
}

// v2's families in v2's order, then ours.
const std::string& status_board::check_families() {
    if (families_version_ == version_)
        return families_;
    families_.clear();
    const auto family = [this](std::string_view name, std::string_view help, std::string cell::*line,
                               std::optional<core::workload> only) {
        append_head(families_, name, help);
        for (const auto& [key, item] : cells_)
            if (!only || item.entry.kind == *only)
                families_ += item.*line;
    };
    using core::workload;
    family("kuberhealthy_check", "Shows the status of a Kuberhealthy check", &cell::check_line, workload::check);
    family("kuberhealthy_check_duration_seconds", "Shows the check run duration of a Kuberhealthy check", &cell::duration_line,
           workload::check);
    family("kuberhealthy_job", "Shows the status of a Kuberhealthy job", &cell::check_line, workload::job);
    family("kuberhealthy_job_duration_seconds", "Shows the job run duration of a Kuberhealthy job", &cell::duration_line,
           workload::job);
    family("kuberhealthy_check_outcome", "How the last run of a check or job ended", &cell::outcome_line, std::nullopt);
    family("kuberhealthy_check_stale", "Whether the last result of a check or job is too old to be believed", &cell::stale_line,
           std::nullopt);
    family("kuberhealthy_check_waiting", "What keeps the checker pod of an open run from starting", &cell::waiting_line,
           std::nullopt);
    families_version_ = version_;
    return families_;
}

std::shared_ptr<const std::string> status_board::metrics(const board_globals& globals,
                                                         const std::vector<metric_family>& process) {
    if (metrics_.text && metrics_.version == version_ && metrics_.globals == globals && metrics_.process == process)
        return metrics_.text;
    const auto& families = check_families();
    std::string out;
    out.reserve(families.size() + 4096);
    append_head(out, "kuberhealthy_running", "Shows if kuberhealthy is running error free");
    std::string running = "kuberhealthy_running{";
    append_label(running, "current_master", globals.current_master);
    out.append(running).append(globals.working ? "} 1\n" : "} 0\n");
    append_head(out, "kuberhealthy_cluster_state", "Shows the status of the cluster");
    out.append(ok(globals) ? "kuberhealthy_cluster_state 1\n" : "kuberhealthy_cluster_state 0\n");
    out += families;
    for (const auto& family : process)
        append_family(out, family);
    metrics_ = {version_, globals, process, std::make_shared<const std::string>(std::move(out))};
    return metrics_.text;
}

} // namespace kh
