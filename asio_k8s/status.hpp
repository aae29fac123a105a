#pragma once

#include "asio_k8s/error.hpp"

#include <boost/json/fwd.hpp>

// `Status` objects (Kubernetes API conventions, "Response Status Kind"): the body of a refused call, and the object of an ERROR
// event of a watch.

namespace k8s {

/// `http_status` 0: the Status' own code is taken.
api_error error_from_status(const boost::json::object& status, unsigned http_status = 0);

/// An error of ours, without an answer of the server.
api_error make_api_error(proto_http::error_code code, std::string message = {});

} // namespace k8s
