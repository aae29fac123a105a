#pragma once

#include "controller/core/types.hpp"

#include <string>

namespace kh::core {

/// The public id of a run: a UUIDv5 (RFC 4122) of the check's uid, the slot and the attempt. Every process computes the same.
std::string run_id(std::string_view check_uid, unix_seconds slot, int attempt);

/// The pod's name: `<name>-<slot>` as v2 (lower case), `-r1` for the retry, `-j` for a job.
std::string pod_name(const check_key& key, workload kind, unix_seconds slot, int attempt);

} // namespace kh::core
