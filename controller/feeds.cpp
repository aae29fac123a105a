#include "controller/feeds.hpp"

#include "controller/check_object.hpp"
#include "controller/pod_object.hpp"

#include <boost/json/object.hpp>

namespace kh {

namespace {

/// A foreground deletion, or a finalizer of somebody's, keeps the object for a while: it is to run no more all the same.
bool is_being_deleted(const boost::json::object& object) {
    const boost::json::value* metadata = object.if_contains("metadata");
    return metadata && metadata->is_object() && metadata->get_object().contains("deletionTimestamp");
}

} // namespace

void watch_health::synced(const std::string& what) {
    if (synced_.emplace(what, true).second)
        log_.info("watch is synced", {{"watch", what}});
}

void watch_health::trouble(const std::string& what, const k8s::api_error* error, proto_http::duration retry_in) {
    if (!error) {
        if (troubles_.erase(what))
            log_.info("watch works again", {{"watch", what}});
        return;
    }
    std::string text = error->text();
    auto [known, is_new] = troubles_.try_emplace(what);
    if (is_new || known->second != text)
        log_.warning("watch fails and is tried again",
                     {{"watch", what},
                      {"error", text},
                      {"retry_in_ms", std::chrono::duration_cast<std::chrono::milliseconds>(retry_in).count()}});
    known->second = std::move(text);
}

void template_store::put(const core::check_key& key, core::workload kind, std::string text) {
    auto& place = texts_[{key, kind}];
    if (!place || *place != text)
        place = std::make_shared<const std::string>(std::move(text));
}

void template_store::erase(const core::check_key& key, core::workload kind) {
    texts_.erase({key, kind});
}

std::shared_ptr<const std::string> template_store::find(const core::check_key& key, core::workload kind) const {
    auto found = texts_.find({key, kind});
    return found == texts_.end() ? nullptr : found->second;
}

feed::feed(std::string name, core::watched what, event_sink tell, watch_health& health, std::function<bool()> all_synced_of_kind)
    : name_(std::move(name)), what_(what), tell_(std::move(tell)), health_(health),
      all_synced_of_kind_(std::move(all_synced_of_kind)) {
    health_.expect();
}

void feed::synced() {
    synced_ = true;
    health_.synced(name_);
    if (all_synced_of_kind_())
        tell(core::watch_synced{what_});
}

void feed::trouble(const k8s::api_error* error, proto_http::duration retry_in) {
    health_.trouble(name_, error, retry_in);
}

check_feed::check_feed(std::string name, core::workload kind, template_store& templates, event_sink tell, watch_health& health,
                       std::function<bool()> all_synced_of_kind)
    : feed(std::move(name), kind == core::workload::check ? core::watched::checks : core::watched::jobs, std::move(tell), health,
           std::move(all_synced_of_kind)),
      kind_(kind), templates_(templates) {}

void check_feed::applied(const k8s::object_key& key, const boost::json::object& object) {
    v1::parsed_check parsed = v1::parse_check(object, kind_);
    if (is_being_deleted(object)) {
        deleted(key, parsed.view.uid, nullptr);
        return;
    }
    templates_.put(parsed.view.key, kind_, std::move(parsed.pod_template));
    tell(core::check_applied{std::move(parsed.view)});
}

void check_feed::deleted(const k8s::object_key& key, std::string_view uid, const boost::json::object*) {
    const core::check_key check{key.ns, key.name};
    templates_.erase(check, kind_);
    tell(core::check_deleted{check, kind_, std::string(uid)});
}

void state_feed::applied(const k8s::object_key&, const boost::json::object& object) {
    tell(core::state_applied{v1::parse_state(object)});
}

void state_feed::deleted(const k8s::object_key& key, std::string_view uid, const boost::json::object*) {
    tell(core::state_deleted{core::check_key{key.ns, key.name}, std::string(uid)});
}

void pod_feed::applied(const k8s::object_key&, const boost::json::object& object) {
    tell(core::pod_applied{parse_pod(object)});
}

void pod_feed::deleted(const k8s::object_key& key, std::string_view uid, const boost::json::object* last) {
    core::pod_deleted gone{key.ns, key.name, std::string(uid), std::nullopt};
    if (last)
        gone.last = parse_pod(*last);
    tell(std::move(gone));
}

} // namespace kh
