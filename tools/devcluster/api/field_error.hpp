#pragma once

#include "tools/devcluster/api/status.hpp"

#include <boost/json/fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// The causes of a 422, worded as k8s.io/apimachinery's field errors, and the paths in them.

namespace devcluster {

/// `detail` may be empty.
cause invalid_value(std::string field, const boost::json::value& bad, std::string_view detail);
/// ... with the value as it is to be shown.
cause invalid_text(std::string field, std::string_view shown, std::string_view detail);
/// As invalid_value, for a value of a wrong type.
cause invalid_type(std::string field, std::string_view bad, std::string_view detail);
cause required_value(std::string field, std::string_view detail = {});
cause forbidden_value(std::string field, std::string_view detail);
cause not_found_value(std::string field, const boost::json::value& bad);
cause duplicate_value(std::string field, const boost::json::value& bad);
cause unsupported_value(std::string field, const boost::json::value& bad, const std::vector<std::string>& supported);
cause too_long(std::string field, std::int64_t max);
cause too_many(std::string field, std::int64_t actual, std::int64_t max);

/// "spec" and "a" is "spec.a"; an empty path is the root.
std::string child_path(std::string_view path, std::string_view name);
/// "spec[3]"
std::string index_path(std::string_view path, std::size_t index);
/// "spec[a]": a key of a map.
std::string key_path(std::string_view path, std::string_view key);

} // namespace devcluster
