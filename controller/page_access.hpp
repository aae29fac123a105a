#pragma once

#include "asio_k8s/client.hpp"
#include "controller/settings.hpp"
#include "proto_http/runtime.hpp"
#include "proto_http/server.hpp"

#include <boost/asio/awaitable.hpp>

#include <boost/uuid/uuid.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

// Who may read /status and /metrics. By default everybody, as with v2. Otherwise who shows one of: a client certificate of the
// authorities of tlsClientCAFile, the bearer token in pagesTokenFile, a token that the API server knows (TokenReview).
// The report endpoint is not asked for: a report is authorised by the secret of its run. Nor are the probes.

namespace kh {

class page_access {
public:
    /// Runtime and client must outlive it.
    page_access(proto_http::runtime& rt, k8s::client& api, page_access_settings rules);

    /// No value: admitted. Else the answer: 401, or 503 where the API server must be asked and does not answer.
    boost::asio::awaitable<std::optional<proto_http::server_response>> refusal(const proto_http::server_request& request);

    /// That handler for those who are admitted.
    proto_http::request_handler guard(proto_http::request_handler behind);

private:
    enum class verdict { admitted, refused, unknown };

    struct review {
        verdict how = verdict::unknown;
        proto_http::time_point until;
    };

    bool is_the_token(std::string_view token) const;
    boost::asio::awaitable<verdict> reviewed(std::string token);
    boost::asio::awaitable<verdict> ask(std::string token);

    proto_http::runtime& runtime_;
    k8s::client& api_;
    page_access_settings rules_;
    boost::uuids::uuid salt_{};
    std::map<boost::uuids::uuid, review> reviews_; ///< by a salted digest: no token is kept
    std::size_t asking_ = 0;
};

} // namespace kh
