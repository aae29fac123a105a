#pragma once

#include "asio_k8s/watcher.hpp"
#include "controller/core/event.hpp"
#include "controller/log.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

// What the watches tell, made into the core's events. A feed of several namespaces is synced when each of them is.

namespace kh {

/// How the watches are doing, for readiness bodies and metrics.
class watch_health {
public:
    explicit watch_health(logger& log) : log_(log) {}

    void expect() { ++expected_; }
    void synced(const std::string& what);
    void trouble(const std::string& what, const k8s::api_error* error, proto_http::duration retry_in);

    bool all_synced() const { return synced_.size() == expected_; }
    std::size_t expected() const { return expected_; }
    std::size_t synced_count() const { return synced_.size(); }
    /// Watches that fail at the moment, and why.
    const std::map<std::string, std::string>& troubles() const { return troubles_; }

private:
    logger& log_;
    std::size_t expected_ = 0;
    std::map<std::string, bool> synced_;
    std::map<std::string, std::string> troubles_;
};

/// The pod templates of all checks and jobs, as the watches have them.
class template_store {
public:
    void put(const core::check_key& key, core::workload kind, std::string text);
    void erase(const core::check_key& key, core::workload kind);
    std::shared_ptr<const std::string> find(const core::check_key& key, core::workload kind) const;

private:
    std::map<std::pair<core::check_key, core::workload>, std::shared_ptr<const std::string>> texts_;
};

/// One watch: what it is of, and the handler that makes events of it.
class feed : public k8s::watch_handler {
public:
    using event_sink = std::function<void(core::event)>;

    feed(std::string name, core::watched what, event_sink tell, watch_health& health, std::function<bool()> all_synced_of_kind);

    const std::string& name() const { return name_; }
    bool is_synced() const { return synced_; }

    void synced() final;
    void trouble(const k8s::api_error* error, proto_http::duration retry_in) final;

protected:
    void tell(core::event what) { tell_(std::move(what)); }

private:
    std::string name_;
    core::watched what_;
    event_sink tell_;
    watch_health& health_;
    std::function<bool()> all_synced_of_kind_;
    bool synced_ = false;
};

class check_feed final : public feed {
public:
    check_feed(std::string name, core::workload kind, template_store& templates, event_sink tell, watch_health& health,
               std::function<bool()> all_synced_of_kind);
    void applied(const k8s::object_key& key, const boost::json::object& object) override;
    void deleted(const k8s::object_key& key, std::string_view uid, const boost::json::object* last) override;

private:
    core::workload kind_;
    template_store& templates_;
};

class state_feed final : public feed {
public:
    using feed::feed;
    void applied(const k8s::object_key& key, const boost::json::object& object) override;
    void deleted(const k8s::object_key& key, std::string_view uid, const boost::json::object* last) override;
};

class pod_feed final : public feed {
public:
    using feed::feed;
    void applied(const k8s::object_key& key, const boost::json::object& object) override;
    void deleted(const k8s::object_key& key, std::string_view uid, const boost::json::object* last) override;
};

} // namespace kh
