#include "tools/devcluster/node/pod_plan.hpp"

#include <algorithm>

namespace devcluster {

using namespace std::chrono_literals;
using proto_http::duration;
using proto_http::time_point;
using role = container_record::role;
using phase = container_record::phase;

namespace {

constexpr duration back_off_first = 10s;
constexpr duration back_off_max = 5min;
constexpr duration back_off_forgotten = 10min;

const container_end* last_end(const container_record& one) {
    if (one.end)
        return &*one.end;
    return one.last ? &*one.last : nullptr;
}

bool is_back_off_forgotten(const container_record& one) {
    return one.back_off == duration{} || one.ended_at - one.restarted_at > back_off_forgotten;
}

class planner {
public:
    planner(const pod_record& pod, time_point now) : pod_(pod), now_(now) {}

    pod_step plan() {
        if (pod_.stopping != stop_cause::none || now_ >= pod_.deadline || is_through())
            stop();
        else
            run();
        return std::move(step_);
    }

private:
    bool is_through() const {
        auto has_failed = [this](const container_record& each) {
            return each.is_a == role::init && each.end && each.end->exit_code != 0 && !restarts_after_end(pod_, each);
        };
        auto is_done = [this](const container_record& each) {
            return each.is_a != role::regular || (each.now == phase::ended && !restarts_after_end(pod_, each));
        };
        return std::any_of(pod_.containers.begin(), pod_.containers.end(), has_failed) ||
               std::all_of(pod_.containers.begin(), pod_.containers.end(), is_done);
    }

    // Sidecars end after those that they serve.
    void stop() {
        const auto& all = pod_.containers;
        bool others_live = std::any_of(
            all.begin(), all.end(), [](const container_record& each) { return each.is_a != role::sidecar && each.is_alive(); });
        step_.is_over = true;
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (!all[i].is_alive())
                continue;
            step_.is_over = false;
            if (all[i].is_a == role::sidecar && others_live)
                continue;
            if (!all[i].was_told_to_end)
                step_.terminate.push_back(i);
            if (now_ >= pod_.kill_at && !all[i].was_killed)
                step_.kill.push_back(i);
        }
        if (now_ < pod_.kill_at)
            step_.again = pod_.kill_at;
    }

    void run() {
        step_.again = pod_.deadline;
        for (std::size_t i = 0; i < pod_.containers.size(); ++i) {
            const auto& one = pod_.containers[i];
            bool is_done = one.now == phase::ended && !restarts_after_end(pod_, one);
            if (!one.is_alive() && !is_done)
                start(i);
            bool lets_the_next_run = one.is_a == role::regular || is_done ||
                                     (one.is_a == role::sidecar && (one.now == phase::running || last_end(one) != nullptr));
            if (!lets_the_next_run)
                return;
        }
    }

    void start(std::size_t index) {
        const auto& one = pod_.containers[index];
        auto at = one.retry_at;
        if (last_end(one) != nullptr && !is_back_off_forgotten(one))
            at = std::max(at, one.ended_at + one.back_off);
        if (at > now_) {
            step_.again = std::min(step_.again, at);
            if (one.now == phase::ended)
                step_.back_off.push_back(index);
        } else if (!step_.start) {
            step_.start = index;
        }
    }

    const pod_record& pod_;
    time_point now_;
    pod_step step_;
};

} // namespace

pod_step next_step(const pod_record& pod, time_point now) {
    return planner(pod, now).plan();
}

bool restarts_after_end(const pod_record& pod, const container_record& one) {
    const auto* end = last_end(one);
    if (end == nullptr)
        return true;
    switch (one.is_a) {
    case role::sidecar:
        return true;
    case role::init:
        return end->exit_code != 0 && pod.restarts != restart_policy::never;
    case role::regular:
        break;
    }
    return pod.restarts == restart_policy::always || (pod.restarts == restart_policy::on_failure && end->exit_code != 0);
}

void note_start(container_record& one, time_point now) {
    if (last_end(one) == nullptr)
        return;
    one.back_off = is_back_off_forgotten(one) ? back_off_first : grown_back_off(one.back_off);
    one.restarted_at = now;
}

duration grown_back_off(duration before) {
    return before == duration{} ? back_off_first : std::min(before * 2, back_off_max);
}

} // namespace devcluster
