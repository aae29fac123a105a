#pragma once

#include "support/test_data.hpp"
#include "tools/devcluster/api/status.hpp"

#include <boost/json.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

// What kube-apiserver 1.36.3 said, recorded by test/data/kube-1.36.3/validation/record.

namespace recorded {

inline boost::json::value load(std::string_view name) {
    boost::json::parse_options options;
    options.max_depth = 64;
    return boost::json::parse(test_support::read_test_data(fmt::format("kube-1.36.3/validation/{}", name)), {}, options);
}

inline std::string text(const boost::json::value& value) {
    return boost::json::value_to<std::string>(value);
}

/// One line each. The order is not told: Go's maps have none.
inline std::string lines(const boost::json::value& causes) {
    std::vector<std::string> made;
    for (const auto& one : causes.as_array())
        made.push_back(fmt::format("{} | {} | {}\n", text(one.at(0)), text(one.at(1)), text(one.at(2))));
    std::sort(made.begin(), made.end());
    return fmt::format("{}", fmt::join(made, ""));
}

inline std::string lines(const std::vector<devcluster::cause>& causes) {
    boost::json::value made;
    auto& list = made.emplace_array();
    for (const auto& one : causes) {
        boost::json::array parts;
        for (const auto& part : {one.reason, one.field, one.message})
            parts.emplace_back(part);
        list.emplace_back(std::move(parts));
    }
    return lines(made);
}

} // namespace recorded
