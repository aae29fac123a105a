#include "asio_k8s/error.hpp"

#include <boost/system/system_error.hpp>
#include <boost/throw_exception.hpp>
#include <fmt/format.h>

namespace k8s {
namespace {

// error_category has no virtual destructor by design: categories are never destroyed through it.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class api_category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "k8s"; }

    std::string message(int value) const override {
        switch (static_cast<errc>(value)) {
        case errc::bad_request:
            return "the API server did not understand the request";
        case errc::unauthorized:
            return "the API server does not accept the credentials; check the token, certificate or plugin";
        case errc::forbidden:
            return "not allowed; check the RBAC rules of the service account or user";
        case errc::not_found:
            return "not found; check that the object exists and that its CRD is installed";
        case errc::conflict:
            return "the object was changed by somebody else in between";
        case errc::already_exists:
            return "an object of that name exists";
        case errc::gone:
            return "the resourceVersion is too old";
        case errc::too_large:
            return "the object is too large";
        case errc::unsupported:
            return "the API server does not support this method or media type here";
        case errc::invalid:
            return "the object was refused by validation";
        case errc::throttled:
            return "the API server asks to slow down";
        case errc::server_error:
            return "the API server failed";
        case errc::unexpected_status:
            return "an HTTP status that the Kubernetes API does not use";
        case errc::malformed:
            return "the answer is not the JSON that it should be; check what stands between here and the API server";
        case errc::no_resource_version:
            return "the list has no resourceVersion, so that no watch can start from it";
        case errc::bad_configuration:
            return "the cluster configuration is not usable";
        }
        return fmt::format("k8s error {}", value);
    }
};
#pragma GCC diagnostic pop

} // namespace

const boost::system::error_category& category() noexcept {
    static const api_category instance;
    return instance;
}

proto_http::error_code make_error_code(errc value) noexcept {
    return {static_cast<int>(value), category()};
}

std::string api_error::text() const {
    if (!answered())
        return message.empty() ? code.message() : fmt::format("{}: {}", code.message(), message);
    std::string head = reason.empty() ? fmt::format("{}", http_status) : fmt::format("{} {}", http_status, reason);
    return fmt::format("{}: {}", head, message.empty() ? code.message() : message);
}

void throw_exception_from_error(const api_error& error, const boost::source_location& location) {
    boost::throw_exception(boost::system::system_error(error.code, error.text()), location);
}

} // namespace k8s
