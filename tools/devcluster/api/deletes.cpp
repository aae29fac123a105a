#include "tools/devcluster/api/api_call.hpp"

#include "asio_k8s/json_access.hpp"
#include "tools/devcluster/api/body.hpp"
#include "tools/devcluster/api/field_error.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

// delete and deletecollection.

namespace devcluster {

namespace json = boost::json;

using proto_http::server_response;

namespace {

/// DeleteOptions, from the body or the query.
outcome<delete_options> parse_delete_options(const api_call& what) {
    const auto& query = what.query;
    json::object given;
    if (!what.request.body.empty()) {
        auto value = what.body();
        if (value.has_error())
            return bad_request("couldn't get version/kind; " + value.error().message);
        if (!value->is_object())
            return bad_request("the DeleteOptions are not an object");
        given = std::move(value->get_object());
    }
    delete_options made;
    made.grace_seconds = k8s::integer_at(given, "gracePeriodSeconds");
    if (auto asked = query.integer("gracePeriodSeconds"))
        made.grace_seconds = *asked;
    made.propagation = k8s::text_at(given, "propagationPolicy");
    if (made.propagation.empty())
        made.propagation = query.get("propagationPolicy");
    const auto* orphans = given.if_contains("orphanDependents");
    bool has_orphans = (orphans != nullptr && !orphans->is_null()) || query.has("orphanDependents");
    std::vector<cause> causes;
    if (has_orphans && !made.propagation.empty())
        causes.push_back(invalid_value("propagationPolicy", json::value(made.propagation),
                                       "orphanDependents and deletionPropagation cannot be both set"));
    if (made.propagation.empty() && ((orphans != nullptr && *orphans == json::value(true)) || query.is_true("orphanDependents")))
        made.propagation = "Orphan";
    if (const auto* preconditions = k8s::object_at(given, "preconditions")) {
        made.uid = k8s::text_at(*preconditions, "uid");
        made.resource_version = k8s::text_at(*preconditions, "resourceVersion");
    }
    json::array dry_run;
    if (const auto* list = k8s::array_at(given, "dryRun"))
        dry_run = *list;
    else if (query.has("dryRun"))
        dry_run.emplace_back(query.get("dryRun"));
    made.dry_run = !dry_run.empty();
    if (!made.propagation.empty() && made.propagation != "Background" && made.propagation != "Foreground" &&
        made.propagation != "Orphan")
        causes.push_back(
            unsupported_value("propagationPolicy", json::value(made.propagation), {"Foreground", "Background", "Orphan", "nil"}));
    if (std::any_of(dry_run.begin(), dry_run.end(), [](const json::value& one) { return one != "All"; }))
        causes.push_back(unsupported_value("dryRun", dry_run, {"All"}));
    if (!causes.empty())
        return invalid_options("DeleteOptions", std::move(causes));
    return made;
}

std::string success_status(const resource_type& type, const json::object& gone) {
    json::object details;
    details["name"] = metadata_text(gone, "name");
    if (!type.group.empty())
        details["group"] = type.group;
    details["kind"] = type.plural;
    details["uid"] = metadata_text(gone, "uid");
    json::object made;
    made["kind"] = "Status";
    made["apiVersion"] = "v1";
    made["metadata"] = json::object();
    made["status"] = "Success";
    made["details"] = std::move(details);
    return json::serialize(made);
}
} // namespace

outcome<server_response> answer_delete(objects& all, const api_call& what) {
    auto options = parse_delete_options(what);
    if (options.has_error())
        return options.error();
    auto removed = all.remove(*what.type, what.key, *options);
    if (removed.has_error())
        return removed.error();
    if (removed->is_gone && !what.type->answers_deleted)
        return json_answer(200, success_status(*what.type, removed->object->value));
    return object_answer(what, 200, removed->object, all.wall_now());
}

outcome<server_response> answer_delete_collection(objects& all, const api_call& what) {
    if (!what.type->has_deletecollection || (what.type->namespaced && what.path.ns.empty()))
        return no_such_method();
    auto options = parse_delete_options(what);
    if (options.has_error())
        return options.error();
    auto selected = parse_selection(*what.type, what.query);
    if (selected.has_error())
        return selected.error();
    auto items = all.stored().in(what.type->collection_name()).list(what.path.ns);
    std::erase_if(items, [&](const object_ptr& one) { return !selected->selects(one->value); });
    for (const auto& item : items) {
        auto removed = all.remove(*what.type, key_of(item->value), *options);
        if (removed.has_error() && removed.error().code != 404)
            return removed.error();
    }
    list_position position;
    position.revision = all.stored().revision();
    return json_answer(200, render_list(*what.type, items, position, what.how, all.wall_now()));
}
} // namespace devcluster
