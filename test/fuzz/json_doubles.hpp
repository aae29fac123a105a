#pragma once

#include <boost/json/value.hpp>

#include <algorithm>

namespace fuzz {

/// Whether a double anywhere in it is such a one. Boost.JSON 1.81 reads some one bit off, and 1e400 as infinity.
template <class Predicate>
bool has_double(const boost::json::value& in, Predicate is_such) {
    if (const auto* number = in.if_double())
        return is_such(*number);
    if (const auto* object = in.if_object())
        return std::any_of(object->begin(), object->end(), [&](const auto& one) { return has_double(one.value(), is_such); });
    if (const auto* array = in.if_array())
        return std::any_of(array->begin(), array->end(), [&](const auto& one) { return has_double(one, is_such); });
    return false;
}

} // namespace fuzz
