#include "controller/core/decider.hpp"

#include "controller/core/run_id.hpp"
#include "controller/core/schedule.hpp"
#include "proto_http/mutation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace kh::core {

namespace {

/// How many deleted namesakes are remembered: more only costs a read of the owner.
constexpr std::size_t gone_uids_max = 8;

/// Whether `candidate` is certainly older than `stored`. Resource versions are integers that grow (KEP-5504); others compare as
/// unknown.
bool certainly_older(std::string_view candidate, std::string_view stored) {
    auto number = [](std::string_view text) -> std::optional<std::uint64_t> {
        std::uint64_t value = 0;
        auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || end != text.data() + text.size())
            return std::nullopt;
        return value;
    };
    auto a = number(candidate);
    auto b = number(stored);
    return a && b && *a < *b;
}

} // namespace

decider::decider(decider_settings settings)
    : settings_(settings), desk_(settings_.salt, settings_.held_max), start_tokens_(settings_.overdue_starts_per_second) {}

decider::~decider() = default;

void decider::step(const clock_reading& clock, std::vector<event> batch, std::vector<action>& actions) {
    stall_.look(clock.now, !entities_.empty() && !KH_MUTATION(overlook_stalls));
    clock_ = clock;
    wall_ = clock.wall_seconds();
    actions_ = &actions;
    for (event& each : batch)
        std::visit([this](auto& e) { on(std::move(e)); }, each);
    while (!agenda_.empty() && agenda_.begin()->first <= clock_.now) {
        entity& e = *by_sequence_.at(agenda_.begin()->second);
        agenda_.erase(agenda_.begin());
        e.wake.reset();
        mark(e);
    }
    if (desk_.holds() && (desk_changed_ || desk_.next_expiry() <= clock_.now))
        retry_held_reports();
    desk_changed_ = false;
    do {
        while (!dirty_.empty()) {
            entity& e = *by_sequence_.at(*dirty_.begin());
            dirty_.erase(dirty_.begin());
            reconcile(e);
        }
        start_overdue();
    } while (!dirty_.empty());
    actions_ = nullptr;
}

time_point decider::next_due() const {
    time_point next = std::min(desk_.next_expiry(), overdue_wake_);
    if (!entities_.empty())
        next = std::min(next, stall_.next_look());
    return agenda_.empty() ? next : std::min(next, agenda_.begin()->first);
}

entity& decider::entity_of(const check_key& key) {
    auto [at, added] = entities_.try_emplace(key);
    entity& e = at->second;
    if (added) {
        e.key = key;
        e.sequence = ++last_sequence_;
        by_sequence_.emplace(e.sequence, &e);
    }
    return e;
}

entity* decider::find_entity(const check_key& key) {
    auto found = entities_.find(key);
    return found == entities_.end() ? nullptr : &found->second;
}

void decider::mark(const entity& e) {
    dirty_.insert(e.sequence);
}

void decider::mark_all() {
    for (const auto& [key, e] : entities_)
        mark(e);
}

bool decider::leads() const {
    return clock_.now < settings_.leader_until || KH_MUTATION(start_without_leading);
}

bool decider::may_call(const repeated_call& call) {
    if (!leads() || call.in_flight)
        return false;
    if (!call.ready(clock_.now))
        wake_at(call.not_before);
    return call.ready(clock_.now);
}

void decider::put_in_agenda(entity& e, time_point when) {
    if (e.wake) {
        if (*e.wake == when)
            return;
        agenda_.erase({*e.wake, e.sequence});
        e.wake.reset();
    }
    if (when == proto_http::never)
        return;
    e.wake = when;
    agenda_.emplace(when, e.sequence);
}

void decider::forget_if_empty(entity& e) {
    if (!e.empty() || e.write.in_flight || e.state_removal.in_flight || !synced())
        return;
    put_in_agenda(e, proto_http::never);
    overdue_.erase({e.overdue_slot, e.sequence});
    conditions_waiting_.erase(e.sequence);
    dirty_.erase(e.sequence);
    by_sequence_.erase(e.sequence);
    entities_.erase(check_key(e.key));
}

void decider::log(log_level level, std::string message, const entity& e,
                  std::vector<std::pair<std::string, std::string>> fields) {
    write_log line;
    line.level = level;
    line.message = std::move(message);
    line.fields = std::move(fields);
    line.fields.insert(line.fields.begin(), {{"namespace", e.key.ns}, {"check", e.key.name}});
    act(std::move(line));
}

void decider::log_first_failure(const entity& e, const repeated_call& call, std::string message, const std::string& error) {
    if (call.failures == 0)
        log(log_level::warning, std::move(message), e, {{"error", error}});
}

void decider::on(check_applied&& told) {
    entity& e = entity_of(told.check.key);
    auto& place = told.check.kind == workload::check ? e.check : e.job;
    const bool is_known = place && place->uid == told.check.uid;
    if (place && !is_known) {
        e.gone_uids.insert(place->uid);
        forget_object(e, told.check.kind);
    }
    if (!is_known)
        e.newest_used.reset();
    // A write of the condition was answered before the watch told of it, and of what was before it.
    if (is_known && certainly_older(told.check.resource_version, place->resource_version))
        return;
    if (place && place->phase != told.check.phase)
        e.phase_write.succeeded();
    if (is_known) {
        note_job_change(e, *place, told.check);
        note_condition_of_others(e, *place, told.check);
    }
    place = std::move(told.check);
    desk_changed_ = true;
    mark(e);
}

/// What was under way about an object that is gone.
void decider::forget_object(entity& e, workload kind) {
    if (kind == workload::job) {
        e.job_removal.succeeded();
        e.phase_write.succeeded();
        e.job_was_changed = false;
        e.job_pod_was_seen = false;
        e.job_pod_missed.reset();
    } else {
        e.condition_write.succeeded();
        e.condition_contest.succeeded();
    }
}

void decider::on(check_deleted&& told) {
    entity* e = find_entity(told.key);
    if (!e)
        return;
    if (e->gone_uids.size() >= gone_uids_max)
        e->gone_uids.erase(e->gone_uids.begin());
    e->gone_uids.insert(told.uid);
    auto& place = told.kind == workload::check ? e->check : e->job;
    if (place && place->uid == told.uid) {
        place.reset();
        e->newest_used.reset();
        forget_object(*e, told.kind);
    }
    mark(*e);
}

void decider::store_state(entity& e, state_view state) {
    if (!state.uid.empty() && state.uid == e.gone_state_uid)
        return; // the answer of a write or a read came later than the watch that told of the end
    if (e.state && e.state->uid == state.uid && certainly_older(state.resource_version, e.state->resource_version))
        return;
    if (e.passed_over && e.passed_over != slot_of(state))
        e.passed_over.reset();
    const std::optional<state_view> before = std::exchange(e.state, std::move(state));
    tell_result(e, before);
    mark(e);
}

void decider::on(state_applied&& told) {
    entity& e = entity_of(told.state.key);
    store_state(e, std::move(told.state));
}

void decider::on(state_deleted&& told) {
    entity* e = find_entity(told.key);
    if (!e)
        return;
    e->gone_state_uid = told.uid;
    if (!e->state || e->state->uid != told.uid)
        return;
    e->state.reset();
    mark(*e);
}

pod_record& decider::apply_pod(entity& e, pod_view view) {
    pod_record* pod = e.find_pod(view.name);
    if (pod && pod->view.uid != view.uid) {
        drop_pod(e, view.name);
        pod = nullptr;
    }
    const bool is_new = !pod;
    if (!pod) {
        pod = &e.pods.emplace_back();
        pod->legacy = !view.slot;
        check_of_pod_.insert_or_assign({view.check.ns, view.name}, e.key);
        desk_.add(view);
    } else {
        desk_.index(pod->view, view);
    }
    desk_changed_ = true;
    observe_start(*pod, view, is_new, clock_);
    pod->view = std::move(view);
    if (!pod->view.ended())
        pod->watched = true;
    else if (!pod->ended_at)
        pod->ended_at = clock_.now;
    mark(e);
    return *pod;
}

/// The answer may come when its pod is gone and another of that name was made: what the watch shows is the one that is there, and
/// it would not be told again.
void decider::apply_created_pod(entity& e, pod_view view) {
    const pod_record* known = e.find_pod(view.name);
    if (!known || known->vanished || known->view.uid == view.uid)
        apply_pod(e, std::move(view));
}

void decider::drop_pod(entity& e, const std::string& pod_name) {
    pod_record* pod = e.find_pod(pod_name);
    if (!pod)
        return;
    desk_.retire(pod->view, pod->slot());
    check_of_pod_.erase({e.key.ns, pod_name});
    e.pods.erase(e.pods.begin() + (pod - e.pods.data()));
}

void decider::on(pod_applied&& told) {
    entity& e = entity_of(told.pod.check);
    // A pod whose deadline is not known yet gets it once, from the wall clock, when its check is known (see reconcile).
    apply_pod(e, std::move(told.pod));
}

void decider::on(pod_deleted&& told) {
    auto found = check_of_pod_.find({told.ns, told.name});
    if (found == check_of_pod_.end())
        return;
    entity& e = entities_.at(found->second);
    pod_record* pod = e.find_pod(told.name);
    if (!pod || pod->view.uid != told.uid)
        return;
    mark(e);
    if (told.last)
        pod->view = std::move(*told.last);
    if (pod->legacy) {
        drop_pod(e, told.name);
        return;
    }
    pod->vanished = true;
}

void decider::on(watch_synced&& told) {
    const bool before = synced();
    synced_ |= 1u << static_cast<unsigned>(told.what);
    if (!before && synced())
        mark_all();
    desk_changed_ = true;
}

void decider::on(report_received&& told) {
    // Before the first sync no pod is known: the report waits for that as it would for a write.
    const time_point until = clock_.now + (synced() ? settings_.hold_unknown_max : settings_.hold_write_max);
    told.arrived = stall_.arrival(clock_.now);
    take_report(std::move(told), until);
}

void decider::on(create_done&& told) {
    entity* e = find_entity(told.key);
    const check_view* subject = e ? e->subject() : nullptr;
    const bool ours = e && e->starting && e->starting->create.in_flight == told.id;
    const bool has_pod = told.pod && (told.answer == create_answer::created || told.answer == create_answer::exists);
    if (has_pod && !told.pod->check.name.empty() && told.pod->check == told.key)
        apply_created_pod(entity_of(told.key), *told.pod);
    if (!ours)
        return;
    mark(*e);
    starting_run& start = *e->starting;
    switch (told.answer) {
    case create_answer::created:
    case create_answer::exists: {
        const pod_view& view = *told.pod;
        const bool same_check = subject && view.check_uid == subject->uid;
        if (same_check && view.run_id == run_id(subject->uid, start.slot, start.attempt) &&
            (view.generation == 0 || view.generation == start.generation)) {
            if (pod_record* pod = e->find_pod(view.name); pod && pod->view.uid == view.uid) {
                pod->watched = true;
                if (start.deadline)
                    pod->deadline = *start.deadline;
                else if (told.answer == create_answer::created)
                    pod->deadline = clock_.now + start.timeout;
                tell_start(*e, *subject, view);
            }
            e->starting.reset();
        } else if (same_check) {
            // An earlier edit's run took the name of this second: the next reconcile sees it and takes the second after.
            e->starting.reset();
        } else {
            start.refusal = fmt::format("a pod named {} exists already and is not of this check", told.pod->name);
            start.first_refusal = start.first_refusal.value_or(clock_.now);
            start.create.failed(clock_.now, told.retry_after, stable_hash(e->key.name));
        }
        return;
    }
    case create_answer::refused_final:
    case create_answer::refused: {
        start.refusal = std::move(told.message);
        start.first_refusal = start.first_refusal.value_or(clock_.now);
        if (told.answer == create_answer::refused_final)
            start.refused_for_good = true;
        start.create.failed(clock_.now, told.retry_after, stable_hash(e->key.name));
        if (start.create.failures == 1)
            log(log_level::warning, "pod refused by the API server", *e, {{"error", start.refusal}});
        return;
    }
    case create_answer::unanswered:
    case create_answer::abandoned:
        if (KH_MUTATION(lose_the_retry_of_a_create)) {
            start.create.failed(clock_.now, std::chrono::hours(24), 0);
            return;
        }
        start.create.failed(clock_.now, told.retry_after, stable_hash(e->key.name));
        return;
    }
}

void decider::on(leadership_changed&& told) {
    const bool led = leads();
    settings_.leader_until = told.until;
    if (leads() != led) // a renewal changes nothing else
        mark_all();
}

void decider::on(draining&&) {
    draining_ = true;
    mark_all();
}

void decider::on(settings_changed&& told) {
    static_cast<live_settings&>(settings_) = told.settings;
    mark_all();
}

} // namespace kh::core
