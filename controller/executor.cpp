#include "controller/executor.hpp"

#include "asio_k8s/request.hpp"
#include "controller/check_object.hpp"
#include "controller/pod_builder.hpp"
#include "controller/pod_object.hpp"
#include "controller/ready_condition.hpp"
#include "proto_http/error.hpp"
#include "proto_http/mutation.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <fmt/format.h>

namespace kh {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

k8s::object_key object_key(const core::check_key& key) {
    return k8s::object_key{key.ns, key.name};
}

const k8s::resource& resource_of(core::workload kind) {
    return kind == core::workload::check ? v1::khchecks : v1::khjobs;
}

std::string uid_of(const json::value& object) {
    const json::object* whole = object.if_object();
    const json::value* metadata = whole ? whole->if_contains("metadata") : nullptr;
    const json::value* uid = metadata && metadata->is_object() ? metadata->get_object().if_contains("uid") : nullptr;
    return uid && uid->is_string() ? std::string(uid->get_string()) : std::string();
}

bool is(const k8s::api_error& error, k8s::errc code) {
    return error.code == code;
}

/// A refusal that the same object will get for ever.
bool is_final_for_create(const k8s::api_error& error) {
    return is(error, k8s::errc::bad_request) || is(error, k8s::errc::invalid);
}

bool is_final_for_write(const k8s::api_error& error) {
    return is(error, k8s::errc::too_large) || is(error, k8s::errc::invalid) || is(error, k8s::errc::bad_request);
}

/// A right that is missing, a resource that is not served: nothing that goes away by itself in a moment.
bool is_refused_for_long(const k8s::api_error& error) {
    return is(error, k8s::errc::forbidden) || is(error, k8s::errc::not_found) || is_final_for_write(error);
}

template <class Done>
void explain(Done& done, const k8s::api_error& error) {
    done.message = error.text();
    done.retry_after = error.retry_after;
}

bool is_not_found(const k8s::api_result<k8s::json_document>& answer) {
    return !answer && is(answer.error(), k8s::errc::not_found);
}

/// How a delete ended; `is_gone`: there was nothing to delete.
template <class Done>
void conclude_removal(Done& done, const k8s::api_result<k8s::json_document>& answer, bool is_gone) {
    if (answer) {
        done.answer = core::remove_answer::removed;
    } else if (is_gone) {
        done.answer = core::remove_answer::gone;
    } else {
        done.answer = core::remove_answer::failed;
        explain(done, answer.error());
    }
}

} // namespace

executor::executor(k8s::client& api, proto_http::task_group& tasks, executor_settings settings, template_source templates,
                   event_sink tell)
    : api_(api), tasks_(tasks), settings_(std::move(settings)), templates_(std::move(templates)), tell_(std::move(tell)) {}

void executor::spawn(core::operation_id id, const char* name, asio::awaitable<void> operation) {
    tasks_of_.emplace(id, tasks_.spawn(name, tracked(id, std::move(operation))));
}

asio::awaitable<void> executor::tracked(core::operation_id id, asio::awaitable<void> operation) {
    struct forget {
        executor& self;
        core::operation_id id;
        forget(executor& owner, core::operation_id what) : self(owner), id(what) {}
        ~forget() { self.tasks_of_.erase(id); }
    } at_end(*this, id);
    co_await std::move(operation);
}

void executor::cancel(core::cancel_operation what) {
    if (auto found = tasks_of_.find(what.id); found != tasks_of_.end())
        tasks_.cancel(found->second);
}

std::string executor::fresh_secret() {
    std::uint64_t high = (api_.runtime().random() & 0xffffffffffff0fffu) | 0x0000000000004000u; // version 4
    std::uint64_t low = (api_.runtime().random() & 0x3fffffffffffffffu) | 0x8000000000000000u;  // RFC 4122 variant
    return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xffff, high & 0xffff, low >> 48,
                       low & 0xffffffffffffu);
}

void executor::start(core::create_pod what) {
    const std::shared_ptr<const std::string> pod_template = templates_(what.key, what.kind);
    pod_order order;
    order.key = what.key;
    order.kind = what.kind;
    order.check_uid = what.check_uid;
    order.slot = what.slot;
    order.attempt = what.attempt;
    order.run_id = what.run_id;
    order.secret = fresh_secret();
    order.generation = what.generation;
    order.deadline = what.deadline;
    order.pod_name = what.pod_name;
    std::string body = pod_template ? build_pod(*pod_template, order, settings_.reporting_url) : std::string();
    const core::operation_id id = what.id;
    spawn(id, "create pod", create(std::move(what), std::move(body)));
}

asio::awaitable<void> executor::create(core::create_pod what, std::string body) {
    core::create_done done;
    done.key = what.key;
    done.id = what.id;
    k8s::api_result<k8s::json_document> answer = co_await api_.call(k8s::create_request(pods, what.key.ns, std::move(body)));
    if (answer) {
        done.answer = core::create_answer::created;
    } else if (is(answer.error(), k8s::errc::already_exists)) {
        done.answer = core::create_answer::exists;
        const k8s::object_key existing{what.key.ns, what.pod_name};
        answer = co_await api_.call(k8s::get_request(pods, existing));
    }
    if (answer && answer->value().is_object()) {
        done.pod = parse_pod(answer->value().get_object());
    } else if (answer) {
        done.answer = core::create_answer::unanswered;
    } else {
        const k8s::api_error& error = answer.error();
        if (error.code == proto_http::errc::cancelled)
            co_return;
        done.message = error.message.empty() ? error.text() : error.message;
        done.retry_after = error.retry_after;
        if (done.answer == core::create_answer::exists || !error.answered())
            done.answer = core::create_answer::unanswered;
        else
            done.answer = is_final_for_create(error) ? core::create_answer::refused_final : core::create_answer::refused;
    }
    tell_(std::move(done));
}

void executor::start(core::delete_pod what) {
    const core::operation_id id = what.id;
    spawn(id, "delete pod", remove(std::move(what)));
}

asio::awaitable<void> executor::remove(core::delete_pod what) {
    core::pod_delete_done done;
    done.key = what.key;
    done.pod_name = what.pod_name;
    done.id = what.id;
    if (what.verify_owner_uid) {
        const owner found = co_await find_owner(what.key, *what.verify_owner_uid);
        if (found != owner::gone) {
            done.answer = found == owner::exists ? core::remove_answer::kept : core::remove_answer::failed;
            tell_(std::move(done));
            co_return;
        }
    }
    k8s::delete_options options;
    options.uid = what.pod_uid;
    const k8s::object_key pod{what.key.ns, what.pod_name};
    const k8s::api_result<k8s::json_document> answer = co_await api_.call(k8s::delete_request(pods, pod, options));
    bool is_gone = is_not_found(answer);
    if (!answer && is(answer.error(), k8s::errc::conflict))
        is_gone = co_await is_another(pod, what.pod_uid);
    conclude_removal(done, answer, is_gone);
    tell_(std::move(done));
}

/// After a 409: whether the pod that was meant is gone. A conflict alone does not say so.
asio::awaitable<bool> executor::is_another(k8s::object_key pod, std::string uid) {
    const k8s::api_result<k8s::json_document> found = co_await api_.call(k8s::get_request(pods, pod));
    co_return found ? uid_of(*found) != uid : is(found.error(), k8s::errc::not_found);
}

void executor::start(core::write_result what) {
    const core::operation_id id = what.id;
    spawn(id, "write result", write(std::move(what)));
}

asio::awaitable<void> executor::write(core::write_result what) {
    const k8s::object_key key = object_key(what.result.key);
    core::write_done done;
    done.key = what.result.key;
    done.id = what.id;
    const bool is_create = what.resource_version.empty();
    if (is_create || what.takes_over) {
        const owner found = co_await find_owner_of_kind(what.result.key, what.result.kind, what.result.check_uid);
        if (found != owner::exists) {
            done.answer = found == owner::gone ? core::write_answer::owner_gone : core::write_answer::failed;
            done.message = "the owner could not be read";
            tell_(std::move(done));
            co_return;
        }
    }
    const std::string version = KH_MUTATION(write_without_a_version) ? std::string() : what.resource_version;
    proto_http::request request =
        is_create ? k8s::create_request(v1::khstates, key.ns, v1::state_create_body(what.result, settings_.authoritative_pod))
                  : k8s::merge_patch_request(v1::khstates, key,
                                             v1::state_patch_body(what.result, settings_.authoritative_pod, version));
    const k8s::api_result<k8s::json_document> answer = co_await api_.call(std::move(request));
    if (answer) {
        done.answer = core::write_answer::written;
        if (answer->value().is_object())
            done.state = v1::parse_state(answer->value().get_object());
    } else {
        const k8s::api_error& error = answer.error();
        explain(done, error);
        const bool conflict = is(error, k8s::errc::conflict) || is(error, k8s::errc::already_exists) ||
                              (!is_create && is(error, k8s::errc::not_found));
        if (conflict)
            co_await read_after_conflict(what.result.key, &done);
        else
            done.answer = is_final_for_write(error) ? core::write_answer::refused_final : core::write_answer::failed;
    }
    tell_(std::move(done));
}

asio::awaitable<void> executor::read_after_conflict(core::check_key key, core::write_done* done) {
    const k8s::api_result<k8s::json_document> stored = co_await api_.call(k8s::get_request(v1::khstates, object_key(key)));
    if (stored && stored->value().is_object())
        done->state = v1::parse_state(stored->value().get_object());
    const bool known = done->state || (!stored && is(stored.error(), k8s::errc::not_found));
    done->answer = known ? core::write_answer::conflict : core::write_answer::failed;
}

asio::awaitable<executor::owner> executor::find_owner_of_kind(core::check_key key, core::workload kind, std::string uid) {
    const k8s::api_result<k8s::json_document> found = co_await api_.call(k8s::get_request(resource_of(kind), object_key(key)));
    if (found)
        co_return uid.empty() || uid_of(*found) == uid ? owner::exists : owner::gone;
    co_return is(found.error(), k8s::errc::not_found) ? owner::gone : owner::unknown;
}

asio::awaitable<executor::owner> executor::find_owner(core::check_key key, std::string uid) {
    const owner check = co_await find_owner_of_kind(key, core::workload::check, uid);
    if (check != owner::gone)
        co_return check;
    co_return co_await find_owner_of_kind(key, core::workload::job, uid);
}

void executor::start(core::delete_state what) {
    const core::operation_id id = what.id;
    spawn(id, "delete state", remove_state(std::move(what)));
}

asio::awaitable<void> executor::remove_state(core::delete_state what) {
    core::state_delete_done done;
    done.key = what.key;
    done.uid = what.uid;
    done.id = what.id;
    const owner found = co_await find_owner(what.key, what.owner_uid);
    if (found == owner::gone) {
        k8s::delete_options options;
        options.uid = what.uid;
        options.resource_version = what.resource_version;
        const k8s::api_result<k8s::json_document> answer =
            co_await api_.call(k8s::delete_request(v1::khstates, object_key(what.key), options));
        conclude_removal(done, answer, is_not_found(answer));
    } else {
        done.answer = found == owner::exists ? core::remove_answer::kept : core::remove_answer::failed;
    }
    tell_(std::move(done));
}

void executor::start(core::set_phase what) {
    const core::operation_id id = what.id;
    spawn(id, "set phase", patch_phase(std::move(what)));
}

asio::awaitable<void> executor::patch_phase(core::set_phase what) {
    core::phase_done done;
    done.key = what.key;
    done.id = what.id;
    const std::string body = v1::job_phase_patch_body(what.phase, what.resource_version);
    const k8s::api_result<k8s::json_document> answer =
        co_await api_.call(k8s::merge_patch_request(v1::khjobs, object_key(what.key), body));
    done.written = answer.has_value();
    if (!answer)
        explain(done, answer.error());
    tell_(std::move(done));
}

void executor::start(core::delete_job what) {
    const core::operation_id id = what.id;
    spawn(id, "delete job", remove_job(std::move(what)));
}

asio::awaitable<void> executor::remove_job(core::delete_job what) {
    core::job_delete_done done;
    done.key = what.key;
    done.id = what.id;
    k8s::delete_options options;
    options.uid = what.uid;
    options.resource_version = what.resource_version;
    const k8s::api_result<k8s::json_document> answer =
        co_await api_.call(k8s::delete_request(v1::khjobs, object_key(what.key), options));
    conclude_removal(done, answer, is_not_found(answer));
    tell_(std::move(done));
}

void executor::start(core::set_condition what) {
    const core::operation_id id = what.id;
    spawn(id, "set condition", patch_condition(std::move(what)));
}

asio::awaitable<void> executor::patch_condition(core::set_condition what) {
    core::condition_done done;
    done.key = what.key;
    done.id = what.id;
    const std::string body = v1::condition_patch_body(what.ready, what.other_conditions, what.resource_version);
    const k8s::api_result<k8s::json_document> answer =
        co_await api_.call(k8s::merge_patch_request(v1::khchecks, object_key(what.key), body, "status"));
    if (answer) {
        done.answer = core::condition_answer::written;
        if (answer->value().is_object())
            done.check = v1::parse_check(answer->value().get_object(), core::workload::check).view;
    } else {
        const k8s::api_error& error = answer.error();
        explain(done, error);
        if (is(error, k8s::errc::conflict))
            done.answer = core::condition_answer::conflict;
        else if (is_refused_for_long(error))
            done.answer = core::condition_answer::refused;
        if (is(error, k8s::errc::not_found)) // the check is gone, which the watch tells: no word about it
            done.message.clear();
    }
    tell_(std::move(done));
}

} // namespace kh
