#pragma once

#include "tools/devcluster/api/status.hpp"

#include <boost/json/object.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

// A structural schema (OpenAPI v3 as CustomResourceDefinitions and Kubernetes' own kinds use it): one mechanism for custom and
// core kinds. Sources: apiextensions.k8s.io/v1 JSONSchemaProps, and the x-kubernetes-* extensions of the core OpenAPI document.

namespace devcluster {

class schema {
public:
    /// `components` resolves "$ref": "#/components/schemas/NAME" (Kubernetes' own document); null where there are none (a CRD). A
    /// reference back to itself (JSONSchemaProps) is allowed. Every text, list and map is copied.
    ///
    /// With `components`, what kube-apiserver's Go types do is done too: an object without known members keeps all of them, a
    /// required member has no zero value for a default, and lists are not checked for duplicates (each kind has its own rules).
    static std::shared_ptr<const schema> compile(const boost::json::object& source, const boost::json::object* components);

    virtual ~schema() = default;

    /// Adds what is absent and has a default, nested ones too. Null values whose schema is not nullable and has a default are
    /// replaced, as kube-apiserver does.
    virtual void apply_defaults(boost::json::object& value) const = 0;

    /// Removes members that the schema does not name (and that no preserve-unknown-fields or additionalProperties keeps).
    /// apiVersion and kind of the root stay, its metadata is that of all objects whatever the schema says. The path of each
    /// removed one, as kube-apiserver words it in its strict answers: "spec.foo", "spec.containers[0].bar"; sorted, but of a kind
    /// of Kubernetes' own as they stand. A null that is neither nullable nor has a default goes silently, and so do a Go type's
    /// empty maps and lists.
    virtual std::vector<std::string> prune(boost::json::object& value) const = 0;

    /// What is wrong with it, worded as kube-apiserver does (type, required, enum, pattern, minimum, maxLength, format ...). A
    /// cause that kube-apiserver gives no field ("<nil>") says so here too.
    virtual std::vector<cause> validate(const boost::json::object& value) const = 0;

    /// Whether it has x-kubernetes-validations (rules in CEL) anywhere. They are not evaluated.
    virtual bool has_validation_rules() const { return false; }

    // For strategic merge patches.
    /// The schema of a member (properties, else additionalProperties), or null where it is not known.
    virtual const schema* member(std::string_view name) const = 0;
    /// The schema of a list's elements, or null.
    virtual const schema* items() const = 0;
    /// x-kubernetes-patch-merge-key, or empty.
    virtual std::string_view merge_key() const = 0;
    /// Whether x-kubernetes-patch-strategy has that word ("merge", "retainKeys").
    virtual bool has_patch_strategy(std::string_view word) const = 0;
};

} // namespace devcluster
