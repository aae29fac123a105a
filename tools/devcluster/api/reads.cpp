#include "tools/devcluster/api/api_call.hpp"

#include "asio_k8s/base64.hpp"
#include "asio_k8s/json_access.hpp"
#include "tools/devcluster/api/bounded_seconds.hpp"
#include "tools/devcluster/api/field_error.hpp"
#include "tools/devcluster/api/watch_stream.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

// get, list and watch.

namespace devcluster {

namespace json = boost::json;

using proto_http::server_response;

namespace {

/// Watches that do not say how long: 30 to 60 minutes, as kube-apiserver; half an hour here.
constexpr auto watch_timeout_default = std::chrono::seconds(1800);

/// A client that has seen the future of another life of this server.
status_error too_large_version(std::uint64_t asked, std::uint64_t current) {
    status_error made;
    made.code = 504;
    made.reason = "Timeout";
    made.message = fmt::format("Timeout: Too large resource version: {}, current: {}", asked, current);
    made.causes = {{"ResourceVersionTooLarge", "Too large resource version", {}}};
    made.retry_after_seconds = 1;
    return made;
}

/// Errors: what is wrong with it, as kube-apiserver answers a watch. A list is answered 400.
outcome<std::uint64_t> parse_version(const std::string& text) {
    std::uint64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        return internal_error(
            fmt::format("resourceVersion: Invalid value: \"{}\": strconv.ParseUint: parsing \"{}\": invalid syntax", text, text));
    return value;
}

/// k8s.io/apimachinery's ValidateListOptions.
outcome<void> check_list_options(const query_values& query, bool is_watch) {
    constexpr auto field = "resourceVersionMatch";
    auto match = query.get(field), version = query.get("resourceVersion");
    bool tells_initial = query.has("sendInitialEvents");
    std::vector<cause> causes;
    auto forbid = [&](bool is_wrong, std::string_view why) {
        if (is_wrong)
            causes.push_back(forbidden_value(field, why));
    };
    if (is_watch) {
        forbid(tells_initial && match != "NotOlderThan",
               "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
        forbid(!match.empty() && !tells_initial,
               "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
        if (!match.empty() && match != "NotOlderThan")
            causes.push_back(unsupported_value(field, json::value(match), {"NotOlderThan"}));
    } else {
        forbid(!match.empty() && version.empty(), "resourceVersionMatch is forbidden unless resourceVersion is provided");
        if (!match.empty() && match != "Exact" && match != "NotOlderThan")
            causes.push_back(unsupported_value(field, json::value(match), {"Exact", "NotOlderThan", ""}));
        forbid(match == "Exact" && version == "0", "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
        if (tells_initial)
            causes.push_back(forbidden_value("sendInitialEvents", "sendInitialEvents is forbidden for list"));
    }
    forbid(!match.empty() && !query.get("continue").empty(), "resourceVersionMatch is forbidden when continue is provided");
    if (!causes.empty())
        return invalid_options("ListOptions", std::move(causes));
    return {};
}

struct page_start {
    std::uint64_t revision = 0;
    object_key after; ///< the last key of the page before
};

std::string continue_token(const page_start& at) {
    json::object made;
    made["v"] = "meta.k8s.io/v1";
    made["rv"] = at.revision;
    made["start"] = at.after.first + '/' + at.after.second;
    return k8s::base64_encode(json::serialize(made));
}

outcome<page_start> parse_continue(const std::string& token) {
    auto text = k8s::base64_decode(token);
    boost::system::error_code failure;
    auto value = text ? json::parse(*text, failure) : json::value();
    const auto* object = failure ? nullptr : value.if_object();
    auto revision = object == nullptr ? std::nullopt : k8s::integer_at(*object, "rv");
    auto start = object == nullptr ? std::string_view() : k8s::text_at(*object, "start");
    auto slash = start.find('/');
    if (!revision || *revision <= 0 || slash == std::string_view::npos)
        return bad_request("invalid continue token: continue key is not valid");
    page_start made;
    made.revision = static_cast<std::uint64_t>(*revision);
    made.after = object_key(start.substr(0, slash), start.substr(slash + 1));
    return made;
}

/// As of which revision a list is; nothing: as of now.
outcome<std::optional<std::uint64_t>> exact_revision(const query_values& query, std::uint64_t current) {
    auto version = query.get("resourceVersion"), match = query.get("resourceVersionMatch");
    if (version.empty() || version == "0")
        return std::optional<std::uint64_t>();
    auto parsed = parse_version(version);
    if (parsed.has_error())
        return bad_request("invalid resource version: " + parsed.error().message);
    if (*parsed > current)
        return too_large_version(*parsed, current);
    return match == "Exact" ? std::optional(*parsed) : std::nullopt;
}

} // namespace

outcome<server_response> answer_get(objects& all, const api_call& what) {
    auto found = all.get(*what.type, what.key);
    if (found.has_error())
        return found.error();
    return object_answer(what, 200, *found, all.wall_now());
}

outcome<server_response> answer_list(objects& all, const api_call& what) {
    if (auto checked = check_list_options(what.query, false); checked.has_error())
        return checked.error();
    auto selected = parse_selection(*what.type, what.query);
    if (selected.has_error())
        return selected.error();
    auto& collection = all.stored().in(what.type->collection_name());
    list_position position;
    position.revision = all.stored().revision();
    std::optional<object_key> after;
    std::optional<std::uint64_t> as_of;
    if (auto token = what.query.get("continue"); !token.empty()) {
        auto start = parse_continue(token);
        if (start.has_error())
            return start.error();
        if (auto version = what.query.get("resourceVersion"); !version.empty() && version != "0")
            return bad_request("specifying resource version is not allowed when using continue");
        as_of = start->revision;
        after = std::move(start->after);
    } else {
        auto exact = exact_revision(what.query, position.revision);
        if (exact.has_error())
            return exact.error();
        as_of = *exact;
    }
    if (what.fate.stale_by != 0 && !as_of)
        as_of = std::max(collection.forgotten(), position.revision - std::min(position.revision - 1, what.fate.stale_by));
    auto items = as_of ? collection.list_at(what.path.ns, *as_of) : collection.list(what.path.ns);
    if (!items)
        return expired(
            after ? "The provided continue parameter is too old to display a consistent list result. You can start a new "
                    "list without the continue parameter."
                  : "The resourceVersion for the provided list is too old.");
    if (as_of)
        position.revision = *as_of;
    if (after)
        items->erase(items->begin(), std::find_if(items->begin(), items->end(),
                                                  [&](const object_ptr& one) { return key_of(one->value) > *after; }));
    if (!selected->selects_everything())
        std::erase_if(*items, [&](const object_ptr& one) { return !selected->selects(one->value); });
    auto limit = what.query.integer("limit").value_or(0);
    if (limit > 0 && items->size() > static_cast<std::size_t>(limit)) {
        auto size = static_cast<std::size_t>(limit);
        position.continue_token = continue_token({position.revision, key_of((*items)[size - 1]->value)});
        // What a selector leaves is not counted ahead, as by etcd.
        if (selected->selects_everything())
            position.remaining = items->size() - size;
        items->resize(size);
    }
    return json_answer(200, render_list(*what.type, *items, position, what.how, all.wall_now()));
}

outcome<server_response> answer_watch(proto_http::runtime& rt, objects& all, const api_call& what) {
    if (auto checked = check_list_options(what.query, true); checked.has_error())
        return checked.error();
    auto selected = parse_selection(*what.type, what.query);
    if (selected.has_error())
        return selected.error();
    watch_request made;
    made.type = what.type;
    made.ns = what.path.ns;
    made.labels = std::move(selected->labels);
    made.fields = std::move(selected->fields);
    made.how = what.how;
    made.bookmarks = what.query.is_true("allowWatchBookmarks");
    made.bookmark_interval = what.fate.bookmark_interval.value_or(made.bookmark_interval);
    auto timeout = what.query.integer("timeoutSeconds").value_or(0);
    made.timeout = timeout > 0 ? bounded_seconds(timeout) : watch_timeout_default;
    auto version = what.query.get("resourceVersion");
    bool is_initial_asked = what.query.is_true("sendInitialEvents");
    if (!is_initial_asked && what.query.has("sendInitialEvents"))
        made.from = all.stored().revision();
    made.marks_initial_end = is_initial_asked && made.bookmarks;
    if (!version.empty() && version != "0") {
        auto parsed = parse_version(version);
        if (parsed.has_error())
            return parsed.error();
        if (*parsed > all.stored().revision())
            return too_large_version(*parsed, all.stored().revision());
        if (!is_initial_asked)
            made.from = *parsed;
    }
    auto answer = json_answer(200, std::shared_ptr<const std::string>());
    answer.stream = [&rt, &all, made = std::move(made)](proto_http::body_writer& to) { return stream_watch(rt, all, made, to); };
    return answer;
}

} // namespace devcluster
