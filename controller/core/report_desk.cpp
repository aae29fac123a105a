#include "controller/core/report_desk.hpp"

#include "controller/core/constant_time.hpp"

#include <boost/uuid/name_generator_sha1.hpp>

#include <algorithm>

namespace kh::core {

namespace {

/// More than a minute of runs at a hundred a second.
constexpr std::size_t retired_max = 10'000;

} // namespace

boost::uuids::uuid report_desk::digest(std::string_view secret) const {
    return boost::uuids::name_generator_sha1(salt_)(secret.data(), secret.size());
}

void report_desk::add(const pod_view& pod) {
    pod_address where{pod.check, pod.name};
    if (!pod.secret.empty())
        secrets_.insert_or_assign(digest(pod.secret), secret_entry{pod.secret, where});
    if (!pod.ip.empty() && !pod.host_network)
        addresses_.emplace(pod.ip, where);
}

void report_desk::remove(const pod_view& pod) {
    pod_address where{pod.check, pod.name};
    if (!pod.secret.empty())
        if (auto found = secrets_.find(digest(pod.secret)); found != secrets_.end() && found->second.pod == where)
            secrets_.erase(found);
    auto [first, last] = addresses_.equal_range(pod.ip);
    for (auto at = first; at != last; ++at)
        if (at->second == where) {
            addresses_.erase(at);
            return;
        }
}

void report_desk::retire(const pod_view& pod, unix_seconds slot) {
    remove(pod);
    if (pod.secret.empty())
        return;
    const boost::uuids::uuid key = digest(pod.secret);
    if (!retired_.insert_or_assign(key, retired_secret{pod.check, pod.check_uid, slot}).second)
        return;
    retired_order_.push_back(key);
    if (retired_order_.size() > retired_max) {
        retired_.erase(retired_order_.front());
        retired_order_.pop_front();
    }
}

const retired_secret* report_desk::retired(std::string_view secret) const {
    auto found = retired_.find(digest(secret));
    return found == retired_.end() ? nullptr : &found->second;
}

void report_desk::index(const pod_view& before, const pod_view& now) {
    if (before.secret == now.secret && before.ip == now.ip && before.host_network == now.host_network &&
        before.check == now.check)
        return;
    remove(before);
    add(now);
}

std::optional<pod_address> report_desk::by_secret(std::string_view secret) const {
    auto found = secrets_.find(digest(secret));
    if (found == secrets_.end() || !equal_in_constant_time(found->second.secret, secret))
        return std::nullopt;
    return found->second.pod;
}

std::vector<pod_address> report_desk::by_address(std::string_view address) const {
    std::vector<pod_address> pods;
    auto [first, last] = addresses_.equal_range(address);
    for (auto at = first; at != last; ++at)
        pods.push_back(at->second);
    return pods;
}

bool report_desk::hold(report_received report, time_point until) {
    const auto earlier = std::find_if(held_.begin(), held_.end(), [&](const auto& one) {
        return one.first.id == 0 && one.first.secret == report.secret && one.first.source_address == report.source_address &&
               one.first.content == report.content;
    });
    if (earlier != held_.end()) {
        report.arrived = earlier->first.arrived;
        held_.erase(earlier);
    }
    if (held_.size() >= held_max_)
        return false;
    held_.emplace_back(std::move(report), until);
    return true;
}

std::vector<std::pair<report_received, time_point>> report_desk::take_held() {
    return std::exchange(held_, {});
}

time_point report_desk::held_until(std::string_view secret) const {
    time_point last = time_point::min();
    for (const auto& [report, until] : held_)
        if (report.secret && equal_in_constant_time(*report.secret, secret))
            last = std::max(last, until);
    return last;
}

time_point report_desk::next_expiry() const {
    time_point next = proto_http::never;
    for (const auto& [report, until] : held_)
        next = std::min(next, until);
    return next;
}

} // namespace kh::core
