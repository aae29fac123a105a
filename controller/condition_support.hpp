#pragma once

#include "asio_k8s/client.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/json/fwd.hpp>

#include <functional>

// Whether the CRD of checks that is installed has the status subresource. v2's has none: a write of the status would be an edit.

namespace kh {

/// Asks discovery until it is answered, then tells. Ends without a word when cancelled. A CRD that is replaced later is noticed
/// at the next start.
boost::asio::awaitable<void> learn_condition_support(k8s::client& api, std::function<void(bool served)> tell);

/// Of an APIResourceList.
bool lists_check_status(const boost::json::value& resources);

} // namespace kh
