#pragma once

#include "simulation/stage.hpp"

#include <map>
#include <optional>
#include <vector>

// Who acts on the cluster beside the controller.

namespace simulation {

/// Plays each checker pod: what the kubelet writes and what the checker reports. A fate may be laid down by a scenario; otherwise
/// the dice decide.
class kubelet {
public:
    explicit kubelet(stage& on) : on_(on) {}

    enum class start { soon, slowly, never, unschedulable, image_error, bad_image_name };
    enum class end { with_its_work, never, vanishes, evicted };

    struct planned_report {
        duration at{}; ///< after the container's start
        bool ok = true;
        std::string error;
        bool wrong_secret = false;
        bool no_header = false;
        bool is_patient = true;
        std::chrono::seconds patience{60};
    };

    struct fate {
        start begins = start::soon;
        duration start_delay = std::chrono::milliseconds(500);
        std::vector<planned_report> reports;
        end ends = end::with_its_work;
        duration end_at = std::chrono::seconds(3); ///< after the start
        bool fails = false;                        ///< a non-zero exit
        duration goes_in{};                        ///< from its delete to its end; zero: the dice decide, soon
        bool has_sidecar = false;
    };

    /// Asked first for each new pod, where set.
    std::function<std::optional<fate>(const kh::core::pod_view&)> direct;

    void created(const kh::core::pod_view& pod, duration timeout);
    void terminating(const kh::core::pod_view& pod);
    void gone(const kh::core::pod_view& pod);

private:
    fate draw(const kh::core::pod_view& pod, duration timeout);
    void run(const pod_handle& pod, const std::string& secret, const fate& of, const std::string& ip);
    bool is_there(const pod_handle& pod) const { return known_.contains(pod); }

    stage& on_;
    struct known_pod {
        bool is_ending = false;
        duration goes_in{};
    };
    std::map<pod_handle, known_pod> known_;
    unsigned last_address_ = 0;
};

/// Writes checks and jobs, and changes his mind.
class user {
public:
    explicit user(stage& on) : on_(on) {}

    /// What is there from the start.
    void begin();
    /// Any one change.
    void act(const std::vector<pod_handle>& pods);

private:
    check_order draw_check(const std::string& name);
    check_order draw_job(const std::string& name);

    stage& on_;
    std::map<std::pair<check_key, workload>, check_order> wanted_;
    int names_ = 0;
};

} // namespace simulation
