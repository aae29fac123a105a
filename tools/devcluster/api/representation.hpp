#pragma once

#include "tools/devcluster/api/request_path.hpp"
#include "tools/devcluster/api/resource_type.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

// How objects are written into answers: whole, as a Table, or their metadata only (Kubernetes API concepts, "Alternate
// representations of resources").

namespace devcluster {

struct representation {
    enum class form { whole, table, metadata };
    form as = form::whole;
    table_objects include = table_objects::metadata; ///< of a table
};

/// The first form of the Accept header that can be served. Errors: 406.
outcome<representation> negotiate(std::string_view accept, const query_values& query);

/// metadata of a list.
struct list_position {
    std::uint64_t revision = 0;
    std::string continue_token; ///< empty: this was the rest
    std::size_t remaining = 0;
};

using shared_text = std::shared_ptr<const std::string>;

shared_text render_object(const resource_type& type, const object_ptr& object, const representation& how,
                          proto_http::wall_time now);

std::string render_list(const resource_type& type, const std::vector<object_ptr>& items, const list_position& position,
                        const representation& how, proto_http::wall_time now);

/// An event's object: the first table of a watch has the columns, the others have not.
std::string render_watched(const resource_type& type, const object_ptr& object, const representation& how, bool is_first,
                           proto_http::wall_time now);

} // namespace devcluster
