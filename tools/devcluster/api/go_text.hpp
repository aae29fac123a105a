#pragma once

#include <boost/json/fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>

// JSON values as Go writes them: Kubernetes' messages and table cells are made of this.

namespace devcluster {

/// fmt's %v: map[a:1 b:[x y]], keys in order, <nil> for null.
std::string go_text(const boost::json::value& value);

/// encoding/json: keys in order, no spaces, and '<', '>', '&' escaped.
std::string go_json(const boost::json::value& value);

/// An integer, also one that was written with a fraction of zero: Go stores 2.0 as 2.
std::optional<std::int64_t> as_integer(const boost::json::value& value);

} // namespace devcluster
