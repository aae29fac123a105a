#include "controller/api_health.hpp"

#include "proto_http/error.hpp"

namespace kh {

void api_health::outcome(bool answered, const k8s::api_error* error) {
    ++calls_;
    if (answered) {
        if (!reachable_)
            log_.info("API server answers");
        reachable_ = true;
        last_error_.clear();
        if (error && (error->code == k8s::errc::forbidden || error->code == k8s::errc::unauthorized))
            if (auto suppressed = forbidden_.allow(error->message, runtime_.now()))
                log_.error("API server refuses a call: check the credentials and RBAC rules of the controller",
                           {{"error", error->text()}, {"suppressed_before", *suppressed}});
        return;
    }
    if (error && error->code == proto_http::errc::cancelled)
        return;
    ++failures_;
    std::string text = error ? error->text() : "no answer";
    if (reachable_ || calls_ == 1)
        log_.warning("API server does not answer: reports are held and everything is tried again", {{"error", text}});
    reachable_ = false;
    last_error_ = std::move(text);
}

} // namespace kh
