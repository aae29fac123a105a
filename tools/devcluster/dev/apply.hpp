#pragma once

#include "tools/devcluster/api/objects.hpp"

#include <boost/json/object.hpp>

#include <set>
#include <string>
#include <string_view>
#include <vector>

// Manifests made into objects, as `kubectl apply` does: with the annotation of what was applied last, so that what a file no
// longer says goes, and what others wrote stays. kubectl can go on with what was applied here and the other way round.

namespace devcluster {

struct applied_object {
    enum class result { created, configured, unchanged, skipped, refused };
    result what = result::unchanged;
    std::string name; ///< "khcheck/kuberhealthy/http"
    std::string why;  ///< of `skipped` and `refused`
};

/// A merge patch (RFC 7386) that makes `desired` of what `last` was applied to: null for what `last` has and `desired` has not.
boost::json::object three_way_patch(const boost::json::object& last, const boost::json::object& desired);

class applier {
public:
    applier(objects& all, std::string default_namespace) : all_(all), default_namespace_(std::move(default_namespace)) {}

    /// Applies every document of a text. What an earlier apply of the same `source` brought and this one no longer has is
    /// deleted. Errors: 400 where the text does not parse; then nothing is changed.
    outcome<std::vector<applied_object>> apply(const std::string& source, std::string_view text);

private:
    struct known {
        std::string api_version;
        std::string kind;
        object_key key;
        std::string uid;
        auto operator<=>(const known&) const = default;
    };

    applied_object apply_object(boost::json::object desired, std::set<known>& now);
    outcome<object_ptr> put(const resource_type& type, const object_key& key, boost::json::object desired);
    void make_namespace(const std::string& name);

    objects& all_;
    std::string default_namespace_;
    std::map<std::string, std::set<known>> by_source_;
};

} // namespace devcluster
