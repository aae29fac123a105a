#include "asio_k8s/json_document.hpp"

#include "asio_k8s/json_access.hpp"

#include <boost/json/parse.hpp>

#include <memory>

namespace k8s {

namespace json = boost::json;

json_document& json_document::operator=(json_document&& other) noexcept {
    if (this == &other)
        return *this;
    // An assignment to the value would copy into the memory that it lies in.
    std::destroy_at(&value_);
    memory_ = std::move(other.memory_);
    std::construct_at(&value_, std::move(other.value_));
    return *this;
}

json_document json_document::parse(std::string_view text, proto_http::error_code& failure) {
    json::parse_options options;
    options.max_depth = nesting_max;
    auto memory = std::make_unique<json::monotonic_resource>(text.size() * 2);
    json_document made(json::parse(text, failure, memory.get(), options));
    made.memory_ = std::move(memory);
    return made;
}

} // namespace k8s
