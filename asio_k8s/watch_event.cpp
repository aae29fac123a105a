#include "asio_k8s/watch_event.hpp"

#include "asio_k8s/error.hpp"
#include "asio_k8s/json_access.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse_options.hpp>
#include <boost/json/parser.hpp>

#include <array>
#include <optional>

namespace k8s {
namespace {

std::optional<watch_event_kind> kind_of(std::string_view type) {
    if (type == "ADDED")
        return watch_event_kind::added;
    if (type == "MODIFIED")
        return watch_event_kind::modified;
    if (type == "DELETED")
        return watch_event_kind::deleted;
    if (type == "BOOKMARK")
        return watch_event_kind::bookmark;
    if (type == "ERROR")
        return watch_event_kind::error;
    return std::nullopt;
}

boost::json::parse_options deep() {
    boost::json::parse_options options;
    options.max_depth = nesting_max;
    return options;
}

} // namespace

class watch_event_parser::impl {
public:
    impl() : parser_({}, deep()) {}

    proto_http::result<watch_event> parse(std::string_view line) {
        forget();
        memory_.emplace(buffer_.data(), buffer_.size());
        parser_.reset(&*memory_);
        proto_http::error_code failure;
        parser_.write(line.data(), line.size(), failure);
        if (failure) {
            parser_.reset();
            return make_error_code(errc::malformed);
        }
        value_.emplace(parser_.release());
        const auto* whole = value_->if_object();
        if (whole == nullptr)
            return make_error_code(errc::malformed);
        watch_event found;
        found.object = object_at(*whole, "object");
        auto kind = kind_of(text_at(*whole, "type"));
        if (!kind || found.object == nullptr)
            return make_error_code(errc::malformed);
        found.kind = *kind;
        return found;
    }

    void forget() {
        // In this order: the value lives in the memory.
        value_.reset();
        memory_.reset();
    }

private:
    std::array<unsigned char, 32 * 1024> buffer_{};
    std::optional<boost::json::monotonic_resource> memory_;
    boost::json::parser parser_;
    std::optional<boost::json::value> value_;
};

watch_event_parser::watch_event_parser() : impl_(std::make_unique<impl>()) {}
watch_event_parser::~watch_event_parser() = default;

proto_http::result<watch_event> watch_event_parser::parse(std::string_view line) {
    return impl_->parse(line);
}

void watch_event_parser::forget() {
    impl_->forget();
}

} // namespace k8s
