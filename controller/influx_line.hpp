#pragma once

#include "controller/core/types.hpp"

#include <string>
#include <string_view>

// Results as InfluxDB's line protocol, with the measurements, tags and fields of Kuberhealthy v2. Pure. Format sources: InfluxDB
// 1.x "Line protocol reference"; Kuberhealthy v2.7.1 pkg/metrics/influxdb.go and its client, influxdb1-client.

namespace kh {

/// Two lines, each with its end; times are in seconds (precision=s):
///
///     <check>.<namespace>,Name=<check>,Namespace=<namespace> value=1i 1763942400
///     RunDuration.<check>.<namespace>,Name=<check>,Namespace=<namespace> value=2.5 1763942400
///
/// The first value is 1 or 0, the second seconds. With errors, `Errors` is the first tag: the errors, separated by commas, at
/// most 4 KiB.
std::string influx_lines(const core::state_view& stored);

/// Appends a measurement: spaces become `_`, as in v2; commas are escaped.
void append_influx_measurement(std::string& out, std::string_view text);

/// Appends the value of a tag. Commas, spaces and equals signs are escaped. What the protocol cannot say is made sayable: line
/// ends and other control characters become spaces, a backslash at the end goes, bytes that are not UTF-8 are replaced.
void append_influx_tag_value(std::string& out, std::string_view text);

} // namespace kh
