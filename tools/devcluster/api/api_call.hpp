#pragma once

#include "proto_http/server.hpp"
#include "tools/devcluster/api/faults.hpp"
#include "tools/devcluster/api/objects.hpp"
#include "tools/devcluster/api/representation.hpp"
#include "tools/devcluster/api/request_path.hpp"
#include "tools/devcluster/api/selector.hpp"

#include <boost/json/value.hpp>

// A request of the Kubernetes API, taken apart once, and the answers in its form. Internal to the verbs.

namespace devcluster {

struct api_call {
    proto_http::server_request request;
    request_path path;
    query_values query;
    type_ptr type;
    representation how;
    fault fate;
    object_key key;

    api_call(proto_http::server_request of, request_path at)
        : request(std::move(of)), path(std::move(at)), query(request.query) {}

    bool has_name() const { return !path.name.empty(); }
    part written_part() const { return path.subresource == "status" ? part::status : part::whole; }
    /// Content-Type without its parameters.
    std::string_view media_type() const;

    /// The body, whatever its format. Errors: 400, 415.
    outcome<boost::json::value> body() const;
    /// The body as an object that may be stored: its kind and version are the path's. Errors: 400, 415.
    outcome<boost::json::object> object_body() const;
    /// What the query asks of a write. Errors: 422.
    outcome<write_options> options() const;
};

/// What labelSelector and fieldSelector select.
struct selection {
    label_selector labels;
    field_selector fields;

    bool selects_everything() const { return labels.selects_everything() && fields.selects_everything(); }
    bool selects(const boost::json::object& object) const;
};
outcome<selection> parse_selection(const resource_type& type, const query_values& query);

object_key key_of(const boost::json::object& object);

proto_http::server_response json_answer(unsigned status, std::shared_ptr<const std::string> body);
proto_http::server_response json_answer(unsigned status, std::string body);
proto_http::server_response object_answer(const api_call& what, unsigned status, const object_ptr& object,
                                          proto_http::wall_time now);
/// A refusal as an answer, with Retry-After where it says so.
proto_http::server_response status_answer(const status_error& error);

/// 422 for the options of a request: "CreateOptions", "ListOptions", ...
status_error invalid_options(std::string kind, std::vector<cause> causes);
/// 404 for what is no resource.
status_error no_such_resource();
/// 405
status_error no_such_method();

// The verbs, by what they do. Of a call's fault only what a list or a watch does is looked at.
outcome<proto_http::server_response> answer_get(objects& all, const api_call& what);
outcome<proto_http::server_response> answer_list(objects& all, const api_call& what);
outcome<proto_http::server_response> answer_watch(proto_http::runtime& rt, objects& all, const api_call& what);
outcome<proto_http::server_response> answer_create(objects& all, const api_call& what);
outcome<proto_http::server_response> answer_bind(objects& all, const api_call& what);
outcome<proto_http::server_response> answer_replace(objects& all, const api_call& what);
outcome<proto_http::server_response> answer_patch(objects& all, const api_call& what);
outcome<proto_http::server_response> answer_delete(objects& all, const api_call& what);
outcome<proto_http::server_response> answer_delete_collection(objects& all, const api_call& what);

} // namespace devcluster
