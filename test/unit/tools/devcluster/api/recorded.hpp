#pragma once

#include "support/test_data.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <string>
#include <string_view>

namespace test_support {

/// Cases that were put to kube-apiserver 1.36.3, with its answers: a list of objects under test/data/kube-1.36.3.
inline boost::json::array recorded(std::string_view path) {
    return boost::json::parse(read_test_data("kube-1.36.3/" + std::string(path))).as_array();
}

inline std::string text(const boost::json::value& value) {
    return value.is_null() ? std::string() : std::string(value.as_string());
}

} // namespace test_support
