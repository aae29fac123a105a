#pragma once

#include "tools/devcluster/api/schema.hpp"
#include "tools/devcluster/api/status.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <memory>
#include <string>
#include <vector>

// CustomResourceDefinitions: taken apart, and refused in the words of apiextensions-apiserver where they cannot be served or are
// mistaken in a common way. Its finer rules are left out: of scale, deprecation warnings, protected groups.

namespace devcluster {

struct crd_names {
    std::string plural;
    std::string singular;
    std::string kind;
    std::string list_kind;
    std::vector<std::string> short_names;
    std::vector<std::string> categories;
};

struct crd_version {
    std::string name;
    bool served = false;
    bool storage = false;
    bool deprecated = false;
    std::string deprecation_warning;            ///< empty: kube-apiserver makes one
    std::shared_ptr<const schema> structural;   ///< never null
    boost::json::object schema_json;            ///< openAPIV3Schema
    bool has_status = false;                    ///< subresources.status
    bool has_scale = false;                     ///< subresources.scale; not served
    boost::json::array printer_columns;         ///< additionalPrinterColumns; empty: none are given
    std::vector<std::string> selectable_fields; ///< as field selectors name them: "spec.color"
};

struct crd_definition {
    std::string group;
    crd_names names;
    bool namespaced = false;
    std::vector<crd_version> versions; ///< in the order of the CRD
};

/// What kube-apiserver fills in before it looks: names.singular, names.listKind, conversion, status.storedVersions.
void apply_crd_defaults(boost::json::object& crd);

/// `crd` has its defaults already. Members of a wrong type are the schema's business and count as absent. Errors: 422 with all
/// causes; 501 for what is valid and not supported here: conversion webhooks and x-kubernetes-validations (CEL).
outcome<crd_definition> read_crd(const boost::json::object& crd);

/// What must not change.
std::vector<cause> validate_crd_update(const boost::json::object& crd, const boost::json::object& old);

/// Whether openAPIV3Schema is structural and otherwise allowed; `path` is the schema's in the CRD.
std::vector<cause> validate_crd_schema(const boost::json::object& schema, const std::string& path);

} // namespace devcluster
