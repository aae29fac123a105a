#pragma once

#include <string_view>

// The names that stand in labels, annotations and variables. v2's are fixed by its clients and its users' selectors; ours are
// under kuberhealthy.github.io/ and must not change either: running pods and stored states carry them over an upgrade.

namespace kh::names {

inline constexpr std::string_view group = "comcast.github.io";
inline constexpr std::string_view api_version = "comcast.github.io/v1";

// v2's, on pods.
inline constexpr std::string_view app_label = "app";
inline constexpr std::string_view app_label_value = "kuberhealthy-check";
inline constexpr std::string_view run_id_label = "kuberhealthy-run-id";
inline constexpr std::string_view check_name_label = "kuberhealthy-check-name";
inline constexpr std::string_view check_name_annotation = "comcast.github.io/check-name";
inline constexpr std::string_view reporting_url_variable = "KH_REPORTING_URL";
inline constexpr std::string_view run_uuid_variable = "KH_RUN_UUID";
inline constexpr std::string_view deadline_variable = "KH_CHECK_RUN_DEADLINE";
inline constexpr std::string_view pod_namespace_variable = "KH_POD_NAMESPACE";

// Ours, on pods.
inline constexpr std::string_view check_uid_annotation = "kuberhealthy.github.io/check-uid";
inline constexpr std::string_view attempt_annotation = "kuberhealthy.github.io/attempt";
inline constexpr std::string_view deadline_annotation = "kuberhealthy.github.io/deadline";
// Ours, on states.
inline constexpr std::string_view owner_uid_annotation = "kuberhealthy.github.io/owner-uid";
inline constexpr std::string_view start_annotation = "kuberhealthy.github.io/start";
inline constexpr std::string_view outcome_annotation = "kuberhealthy.github.io/outcome";
// Ours, on both.
inline constexpr std::string_view slot_annotation = "kuberhealthy.github.io/slot";
inline constexpr std::string_view generation_annotation = "kuberhealthy.github.io/generation";

} // namespace kh::names
