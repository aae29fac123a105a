#pragma once

#include "tools/devcluster/api/status.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Label and field selectors of list, watch and deletecollection, as k8s.io/apimachinery parses and words them.

namespace devcluster {

enum class label_operation { exists, not_exists, in, not_in, greater, less };

/// "a=b" is `in` with one value, "a!=b" is `not_in`.
struct label_requirement {
    std::string key;
    label_operation what = label_operation::exists;
    std::vector<std::string> values;
};

class label_selector {
public:
    /// "a=b,c!=d,e in (f,g),!h,i,j notin (k),n>1,n<2". Empty selects everything. Errors: 400 in the API server's words.
    static outcome<label_selector> parse(std::string_view text);

    /// `labels` null: an object without labels.
    bool matches(const boost::json::object* labels) const;
    bool selects_everything() const noexcept { return requirements_.empty(); }

private:
    std::vector<label_requirement> requirements_;
};

struct field_requirement {
    std::string path;
    bool equals = true;
    std::string value;
};

class field_selector {
public:
    /// "metadata.name=a,spec.nodeName!=b" ('==' too). `supported` are the field paths of the resource beside metadata.name and
    /// metadata.namespace; another one is 400 'field label not supported: ...'. Errors: 400 in the API server's words.
    static outcome<field_selector> parse(std::string_view text, const std::vector<std::string>& supported);
    /// Of the kinds that kube-apiserver has not given fields of their own, and refuses them with '"spec.foo" is not a known field
    /// selector: ...': ConfigMap, ServiceAccount, Lease, CustomResourceDefinition. Custom kinds are not among them.
    static outcome<field_selector> parse_metadata_only(std::string_view text);

    bool matches(const boost::json::object& object) const;
    bool selects_everything() const noexcept { return requirements_.empty(); }
    /// The value that metadata.name must have, where the selector says one: list and watch of a single object.
    std::optional<std::string> name() const;

private:
    std::vector<field_requirement> requirements_;
};

} // namespace devcluster
