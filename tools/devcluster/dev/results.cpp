#include "tools/devcluster/dev/results.hpp"

#include "asio_k8s/json_access.hpp"
#include "asio_k8s/rfc3339.hpp"
#include "controller/names.hpp"
#include "proto_http/go_duration.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace devcluster {

namespace json = boost::json;
namespace names = kh::names;

namespace {

std::string_view annotation(const json::object& object, std::string_view name) {
    const auto* metadata = k8s::object_at(object, "metadata");
    const auto* annotations = metadata == nullptr ? nullptr : k8s::object_at(*metadata, "annotations");
    return annotations == nullptr ? std::string_view() : k8s::text_at(*annotations, name);
}

check_result result_of(const json::object& check, bool is_job, const object_ptr& state) {
    check_result made;
    made.ns = metadata_text(check, "namespace");
    made.name = metadata_text(check, "name");
    made.is_job = is_job;
    const auto* spec = state ? k8s::object_at(state->value, "spec") : nullptr;
    if (spec == nullptr || annotation(state->value, names::owner_uid_annotation) != metadata_text(check, "uid"))
        return made;
    made.has_ended = true;
    const auto* ok = spec->if_contains("OK");
    made.ok = ok != nullptr && *ok == json::value(true);
    made.outcome = annotation(state->value, names::outcome_annotation);
    made.run_duration = k8s::text_at(*spec, "RunDuration");
    made.last_run = k8s::text_at(*spec, "LastRun");
    if (const auto* errors = k8s::array_at(*spec, "Errors"))
        for (const auto& error : *errors)
            if (const auto* text = error.if_string())
                made.errors.emplace_back(*text);
    return made;
}

std::string_view word_of(const check_result& one) {
    return !one.has_ended ? "waiting" : one.ok ? "ok" : "FAILED";
}

/// XML 1.0 has no way to write most control characters.
std::string xml_text(std::string_view text) {
    std::string made;
    for (char c : text) {
        switch (c) {
        case '&':
            made += "&amp;";
            break;
        case '<':
            made += "&lt;";
            break;
        case '>':
            made += "&gt;";
            break;
        case '"':
            made += "&quot;";
            break;
        default:
            made += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? ' ' : c;
        }
    }
    return made;
}

double seconds_of(const std::string& go_duration) {
    auto parsed = proto_http::parse_go_duration(go_duration);
    return parsed ? std::chrono::duration<double>(*parsed).count() : 0;
}

} // namespace

std::vector<check_result> read_results(objects& from) {
    auto& states = from.stored().in("khstates.comcast.github.io");
    std::vector<check_result> made;
    for (bool is_job : {false, true})
        for (const auto& check : from.stored().in(is_job ? "khjobs.comcast.github.io" : "khchecks.comcast.github.io").list({})) {
            auto ns = metadata_text(check->value, "namespace"), name = metadata_text(check->value, "name");
            made.push_back(result_of(check->value, is_job, states.find(object_key(ns, name))));
        }
    std::sort(made.begin(), made.end(),
              [](const check_result& a, const check_result& b) { return a.full_name() < b.full_name(); });
    return made;
}

std::string results_table(const std::vector<check_result>& results) {
    std::size_t name_width = 5, outcome_width = 7;
    for (const auto& one : results) {
        name_width = std::max(name_width, one.full_name().size());
        outcome_width = std::max(outcome_width, one.outcome.size());
    }
    auto made = fmt::format("{:<{}}  {:<7}  {:<{}}  {}\n", "CHECK", name_width, "RESULT", "OUTCOME", outcome_width, "DURATION");
    for (const auto& one : results) {
        made += fmt::format("{:<{}}  {:<7}  {:<{}}  {}\n", one.full_name(), name_width, word_of(one), one.outcome, outcome_width,
                            one.run_duration);
        for (const auto& error : one.errors)
            made += fmt::format("    {}\n", error);
    }
    return made;
}

std::string results_junit(const std::vector<check_result>& results, std::int64_t unix_started, double seconds) {
    auto failures =
        std::count_if(results.begin(), results.end(), [](const check_result& one) { return one.has_ended && !one.ok; });
    auto errors = std::count_if(results.begin(), results.end(), [](const check_result& one) { return !one.has_ended; });
    auto counts =
        fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{:.3f}\"", results.size(), failures, errors, seconds);
    auto made = fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {0}>\n"
                            "  <testsuite name=\"kuberhealthy\" timestamp=\"{1}\" {0}>\n",
                            counts, k8s::format_rfc3339(unix_started));
    for (const auto& one : results) {
        made += fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\"", xml_text(one.ns), xml_text(one.name),
                            seconds_of(one.run_duration));
        if (one.has_ended && one.ok) {
            made += "/>\n";
            continue;
        }
        auto text = one.has_ended ? fmt::format("{}", fmt::join(one.errors, "\n")) : std::string("it has no result");
        made += fmt::format(">\n      <{0} type=\"{1}\" message=\"{2}\">{3}</{0}>\n    </testcase>\n",
                            one.has_ended ? "failure" : "error", xml_text(one.outcome),
                            xml_text(one.errors.empty() ? text : one.errors.front()), xml_text(text));
    }
    return made + "  </testsuite>\n</testsuites>\n";
}

std::string results_summary(const std::vector<check_result>& results, std::size_t running_pods) {
    auto ended = std::count_if(results.begin(), results.end(), [](const check_result& one) { return one.has_ended; });
    auto ok = std::count_if(results.begin(), results.end(), [](const check_result& one) { return one.has_ended && one.ok; });
    auto made = fmt::format("{} check{}: {} ok", results.size(), results.size() == 1 ? "" : "s", ok);
    if (ended > ok)
        made += fmt::format(", {} failing", ended - ok);
    if (auto waiting = static_cast<std::ptrdiff_t>(results.size()) - ended; waiting > 0)
        made += fmt::format(", {} waiting for a first result", waiting);
    if (running_pods != 0)
        made += fmt::format(", {} pod{} running", running_pods, running_pods == 1 ? "" : "s");
    return made;
}

} // namespace devcluster
