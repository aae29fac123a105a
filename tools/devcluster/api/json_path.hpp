#pragma once

#include <boost/json/value.hpp>
#include <boost/system/result.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The JSONPath dialect of Kubernetes (k8s.io/client-go/util/jsonpath) as columns of custom resources use it: one expression
// without the braces, without range, union and recursive descent.

namespace devcluster {

/// One step from some values to others.
struct json_path_step {
    enum class kind { field, wildcard, slice, filter, literal };

    kind what = kind::field;
    std::string name; ///< of a field; of a filter its sign, or empty: whatever `left` finds in
    std::optional<std::int64_t> begin, end;
    bool is_single = false; ///< of a slice: one index
    boost::json::value value;
    std::vector<json_path_step> left, right; ///< of a filter
};

class json_path {
public:
    /// ".spec.a", "['a\.b']", "[0]", "[-1]", "[1:3]", "[*]", ".*", "[?(@.type=="Ready")]" (also != < <= > >=, or without a sign:
    /// has it). Errors: what is wrong with it.
    static boost::system::result<json_path, std::string> parse(std::string_view text);

    /// Every value that it leads to, in order; they live as long as `root` and this path. None where it cannot be followed to its
    /// end, too: an index that is out of bounds, a filter on what is not a list, a comparison of a string with a number.
    std::vector<const boost::json::value*> find(const boost::json::object& root) const;

private:
    std::vector<json_path_step> steps_;
};

} // namespace devcluster
