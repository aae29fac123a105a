#pragma once

#include "proto_http/time.hpp"
#include "tools/devcluster/api/status.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// What `kubectl get` shows: meta.k8s.io/v1 Table. Core kinds have the columns of kube-apiserver, custom ones those of
// additionalPrinterColumns.

namespace devcluster {

struct table_column {
    std::string name;
    std::string type; ///< "string", "integer", "number", "boolean", "date"
    std::string format;
    std::string description;
    int priority = 0; ///< above 0: only with -o wide
    std::function<boost::json::value(const boost::json::object& object, proto_http::wall_time now)> cell;
};

using table_columns = std::vector<table_column>;

/// Of a core kind ("Pod", "Event", "Namespace", "ConfigMap", "Secret", "ServiceAccount", "Lease", "Node"); of another kind
/// (CustomResourceDefinition): Name and Created At, as kube-apiserver's default.
table_columns columns_of_kind(std::string_view kind);

/// Of a CRD version's additionalPrinterColumns, beside Name (null or empty: Age). Errors: a jsonPath that does not parse, as
/// text; kube-apiserver shows the name alone then.
boost::system::result<table_columns, std::string> columns_of_printer(const boost::json::array* additional_printer_columns);

enum class table_objects { none, metadata, whole }; ///< ?includeObject=None|Metadata|Object

/// A row.
boost::json::object table_row(const table_columns& columns, const boost::json::object& object, table_objects include,
                              proto_http::wall_time now);

/// columnDefinitions.
boost::json::array table_definitions(const table_columns& columns);

/// "5s", "3m14s", "17h", "45d", "2y10d": k8s.io/apimachinery duration.HumanDuration, which the Age columns use.
std::string human_duration(proto_http::duration value);

/// human_duration since an RFC 3339 time; "<unknown>" without one (empty, or Go's zero time), "<invalid>" for other text.
std::string age_since(std::string_view timestamp, proto_http::wall_time now);

} // namespace devcluster
