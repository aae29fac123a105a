#include "simulation/actors.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace simulation {

using namespace std::chrono_literals;
using kh::core::pod_phase;
using kh::core::pod_view;

namespace {

pod_handle handle_of(const pod_view& pod) {
    return {pod.check.ns, pod.name, pod.uid};
}

} // namespace

kubelet::fate kubelet::draw(const pod_view& pod, duration timeout) {
    auto& d = on_.draws();
    const auto& mix = on_.about().fates;
    // After the chaos everything works, so that whatever is stuck is the controller's doing.
    const double odd = on_.is_chaotic() || on_.about().is_calm ? 1 : 0;
    fate f;
    f.start_delay = d.time(50ms, 2s);
    if (d.chance(mix.slow_start * odd))
        f.start_delay = d.time(1s, timeout);
    if (d.chance(mix.never_starts * odd)) {
        constexpr std::array ways{start::never, start::unschedulable, start::image_error, start::bad_image_name};
        f.begins = d.pick(ways);
    }
    f.end_at = d.time(100ms, std::max<duration>(200ms, timeout / 2));
    if (!d.chance(mix.silent * odd)) {
        planned_report r;
        r.at = d.time(0ms, f.end_at);
        r.ok = d.chance(0.7);
        if (!r.ok)
            r.error = fmt::format("{} says no", pod.name);
        r.no_header = d.chance(mix.no_header * odd);
        r.is_patient = d.chance(mix.patient);
        r.patience = r.is_patient ? std::chrono::seconds(d.between(30, 90)) : 30s;
        if (d.chance(mix.late * odd))
            r.at = timeout - f.start_delay + d.time(0s, 12s) - 2s;
        r.at = std::max<duration>(r.at, 0s);
        f.end_at = std::max(f.end_at, r.at);
        f.reports.push_back(r);
        if (d.chance(mix.repeats * odd)) {
            auto again = r;
            again.at += d.time(0s, 10s);
            f.reports.push_back(again);
        }
        if (d.chance(mix.contradicts * odd)) {
            auto other = r;
            other.at += d.time(0s, 5s);
            other.ok = false;
            other.error = fmt::format("{} changes its mind", pod.name);
            f.reports.push_back(other);
        }
        if (d.chance(mix.wrong_secret * odd)) {
            auto wrong = r;
            wrong.wrong_secret = true;
            wrong.no_header = false;
            wrong.ok = false;
            wrong.error = "forged";
            wrong.patience = 5s;
            f.reports.push_back(wrong);
        }
    }
    f.fails = d.chance(0.2);
    f.has_sidecar = d.chance(mix.sidecar * odd);
    if (d.chance(mix.lingers * odd))
        f.goes_in = d.time(5s, 120s);
    if (d.chance(mix.hangs * odd))
        f.ends = end::never;
    else if (d.chance(mix.vanishes * odd))
        f.ends = end::vanishes;
    else if (d.chance(mix.evicted * odd))
        f.ends = end::evicted;
    if (f.ends != end::with_its_work)
        f.end_at = d.time(0s, timeout);
    return f;
}

void kubelet::created(const pod_view& pod, duration timeout) {
    const auto h = handle_of(pod);
    std::optional<fate> laid_down = direct ? direct(pod) : std::nullopt;
    const fate f = laid_down ? *laid_down : draw(pod, timeout);
    known_[h].goes_in = f.goes_in;
    ++last_address_;
    const auto ip = fmt::format("10.{}.{}.{}", 1 + last_address_ / 65536 % 200, last_address_ / 256 % 256, last_address_ % 256);
    on_.after(f.start_delay, [this, h, secret = pod.secret, f, ip] {
        if (!is_there(h) || known_[h].is_ending)
            return;
        pod_news news;
        news.has_sidecar = f.has_sidecar;
        switch (f.begins) {
        case start::never:
            on_.tell_pod(h, news);
            return;
        case start::unschedulable:
            news.is_scheduled = false;
            news.waiting_reason = "Unschedulable";
            on_.tell_pod(h, news);
            return;
        case start::image_error:
            news.waiting_reason = "ImagePullBackOff";
            on_.tell_pod(h, news);
            return;
        case start::bad_image_name:
            news.waiting_reason = "InvalidImageName";
            on_.tell_pod(h, news);
            return;
        case start::soon:
        case start::slowly:
            run(h, secret, f, ip);
        }
    });
}

void kubelet::run(const pod_handle& pod, const std::string& secret, const fate& of, const std::string& ip) {
    pod_news running;
    running.phase = pod_phase::running;
    running.runs = true;
    running.ip = ip;
    running.has_sidecar = of.has_sidecar;
    on_.tell_pod(pod, running);
    for (const auto& planned : of.reports) {
        report_order order;
        order.pod = pod;
        order.address = ip;
        order.secret = planned.no_header ? "" : planned.wrong_secret ? "00000000-0000-4000-8000-000000000000" : secret;
        order.is_foreign = planned.wrong_secret;
        order.content.ok = planned.ok;
        if (!planned.error.empty())
            order.content.errors.push_back(planned.error);
        order.is_patient = planned.is_patient;
        order.patience = planned.patience;
        on_.after(planned.at, [this, order = std::move(order)] {
            // A process that was killed with its pod says nothing any more.
            if (is_there(order.pod))
                on_.report(order);
        });
    }
    if (of.ends == end::never)
        return;
    on_.after(of.end_at, [this, pod, of, ip] {
        if (!is_there(pod) || known_[pod].is_ending)
            return;
        if (of.ends == end::vanishes) {
            on_.remove_pod(pod, on_.draws().chance(0.3));
            return;
        }
        pod_news over;
        over.ip = ip;
        over.phase = of.fails ? pod_phase::failed : pod_phase::succeeded;
        over.main_ended = true;
        over.has_sidecar = of.has_sidecar;
        if (of.ends == end::evicted) {
            over.phase = pod_phase::failed;
            over.is_infrastructure = true;
        } else if (of.has_sidecar) {
            over.phase = pod_phase::running;
        }
        on_.tell_pod(pod, over);
    });
}

void kubelet::terminating(const pod_view& pod) {
    const auto h = handle_of(pod);
    auto at = known_.find(h);
    if (at == known_.end() || at->second.is_ending)
        return;
    at->second.is_ending = true;
    const auto in = at->second.goes_in > 0s ? at->second.goes_in : on_.draws().time(100ms, 3s);
    on_.after(in, [this, h] {
        if (is_there(h))
            on_.remove_pod(h, true);
    });
}

void kubelet::gone(const pod_view& pod) {
    known_.erase(handle_of(pod));
}

check_order user::draw_check(const std::string& name) {
    auto& d = on_.draws();
    check_order c;
    c.key = {"default", name};
    c.interval = std::chrono::seconds(d.between(5, std::max<std::int64_t>(6, on_.about().interval_max.count())));
    c.timeout = std::chrono::seconds(d.between(3, std::max<std::int64_t>(4, c.interval.count() * 6 / 5)));
    c.has_sidecar = d.chance(0.2);
    c.is_valid = !d.chance(on_.about().is_calm ? 0 : 0.03);
    return c;
}

check_order user::draw_job(const std::string& name) {
    auto c = draw_check(name);
    c.kind = workload::job;
    return c;
}

void user::begin() {
    const auto& p = on_.about();
    for (int i = 0; i < p.checks; ++i) {
        auto c = draw_check(fmt::format("check{}", ++names_));
        c.edition = p.has_v2_objects && i == 0 ? 1 : 0;
        on_.apply_check(c);
        wanted_[{c.key, c.kind}] = c;
    }
    for (int i = 0; i < p.jobs; ++i) {
        auto c = draw_job(p.has_same_name && i == 0 ? "check1" : fmt::format("job{}", ++names_));
        on_.after(on_.draws().time(0s, 60s), [this, c] {
            on_.apply_check(c);
            wanted_[{c.key, c.kind}] = c;
        });
    }
}

void user::act(const std::vector<pod_handle>& pods) {
    auto& d = on_.draws();
    std::vector<std::pair<check_key, workload>> names;
    for (const auto& [name, order] : wanted_)
        names.push_back(name);
    const auto kind = d.below(9);
    if (kind == 0 && names_ < 8) {
        auto c = d.chance(0.3) ? draw_job(fmt::format("job{}", ++names_)) : draw_check(fmt::format("check{}", ++names_));
        on_.apply_check(c);
        wanted_[{c.key, c.kind}] = c;
        return;
    }
    if (kind == 1 && on_.about().faults.pods_by_hand && !pods.empty()) {
        on_.remove_pod(pods[static_cast<std::size_t>(d.below(pods.size()))], d.chance(0.2));
        return;
    }
    if (names.empty())
        return;
    const auto name = d.pick(names);
    auto& order = wanted_[name];
    if (kind == 2 && on_.about().faults.states_by_hand) {
        d.chance(0.6) ? on_.remove_state(name.first) : on_.edit_state(name.first);
    } else if (kind <= 5) {
        auto next = d.chance(0.4) ? order : order.kind == workload::job ? draw_job(name.first.name) : draw_check(name.first.name);
        next.edition = order.edition + 1;
        order = next;
        on_.apply_check(order);
    } else if (kind == 6) {
        on_.remove_check(name.first, name.second);
        wanted_.erase(name);
    } else {
        // Deleted and created again under its name: another check.
        on_.remove_check(name.first, name.second);
        const auto again = order;
        if (d.chance(0.5))
            on_.apply_check(again);
        else
            on_.after(d.time(10ms, 20s), [this, again] {
                on_.apply_check(again);
                wanted_[{again.key, again.kind}] = again;
            });
    }
}

} // namespace simulation
