#pragma once

#include "proto_http/tls.hpp"

#include <string>

namespace devcluster {

/// A fresh key and a certificate signed by itself, which is thus its own CA, for these hosts (names or IP addresses), valid from
/// an hour before `unix_now` for a year.
proto_http::tls_material make_self_signed(const std::vector<std::string>& hosts, std::int64_t unix_now);

} // namespace devcluster
