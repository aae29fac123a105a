#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

// Errors are values at the edges: a function that can fail for reasons of the outside world returns `result<T>`.

namespace proto_http {

using boost::system::error_code;

template <class T>
using result = boost::system::result<T>;

} // namespace proto_http
