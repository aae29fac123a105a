#include "asio_k8s/client.hpp"

#include "asio_k8s/call_slots.hpp"
#include "asio_k8s/credentials.hpp"
#include "asio_k8s/status.hpp"
#include "proto_http/client.hpp"
#include "proto_http/error.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

namespace k8s {

namespace asio = boost::asio;
using proto_http::request;
using proto_http::response;
using proto_http::response_stream;

namespace {

constexpr std::size_t error_body_size_max = 64 * 1024;
bool is_success(unsigned status) {
    return status >= 200 && status <= 299;
}

api_result<json_document> value_of(const response& answer) {
    if (!is_success(answer.status))
        return error_from_response(answer);
    if (answer.body.empty())
        return json_document();
    proto_http::error_code failure;
    auto document = json_document::parse(answer.body, failure);
    if (!failure)
        return document;
    auto error = make_api_error(errc::malformed, failure.message());
    error.http_status = answer.status;
    return error;
}

/// A cancel that came between two operations ends the next await by an exception; here it becomes the value that it is.
template <class T>
asio::awaitable<api_result<T>> cancelled_as_value(asio::awaitable<api_result<T>> work) {
    try {
        co_return co_await std::move(work);
    } catch (const boost::system::system_error& error) {
        if (error.code() != asio::error::operation_aborted)
            throw;
    }
    co_return make_api_error(proto_http::errc::cancelled);
}

class rest_client final : public client {
public:
    rest_client(proto_http::runtime& rt, cluster_config config, client_options options)
        : rt_(rt), options_(std::move(options)), impersonation_(config.impersonation), base_path_(config.server.path),
          settings_(settings_of(config, options_)), slots_(rt, options_.calls_max),
          credentials_(rt, std::move(config), [this](auto tls) { use_tls(std::move(tls)); }) {}

    api_result<void> start() {
        auto tls = credentials_.first_tls();
        if (tls.has_error())
            return tls.error();
        settings_.tls = std::move(*tls);
        http_.emplace(rt_, settings_);
        return {};
    }

    asio::awaitable<api_result<json_document>> call(request what) override {
        auto work = call_in_slot(std::move(what));
        auto answer = co_await cancelled_as_value(std::move(work));
        tell_outcome(answer);
        co_return answer;
    }

    asio::awaitable<api_result<std::unique_ptr<response_stream>>> open(request what) override {
        auto work = open_with_credentials(std::move(what));
        auto opened = co_await cancelled_as_value(std::move(work));
        tell_outcome(opened);
        co_return opened;
    }

    proto_http::runtime& runtime() noexcept override { return rt_; }

private:
    static proto_http::client_settings settings_of(const cluster_config& config, const client_options& options) {
        proto_http::client_settings made;
        made.origin = config.server.origin;
        made.server_name = config.server_name;
        made.via = config.via;
        made.connections_max = options.calls_max;
        // Calls come in bursts, on the second; a TLS handshake costs more than the call.
        made.idle_connections_max = options.calls_max;
        return made;
    }

    void use_tls(std::shared_ptr<proto_http::tls_context> tls) {
        if (!http_)
            return;
        http_->use_tls(std::move(tls));
        http_->forget_connections();
    }

    template <class T>
    void tell_outcome(const api_result<T>& outcome) {
        if (!on_outcome)
            return;
        if (outcome.has_value()) {
            on_outcome(true, nullptr);
        } else if (const api_error error = outcome.error(); error.code != proto_http::errc::cancelled) {
            on_outcome(error.answered(), &error);
        }
    }

    request dressed(const request& what, const std::string& authorization) const {
        request sent = what;
        sent.target = base_path_ + sent.target;
        sent.headers.set("User-Agent", options_.user_agent);
        if (!authorization.empty())
            sent.headers.set("Authorization", authorization);
        for (const auto& header : impersonation_)
            sent.headers.add(header.name, header.value);
        return sent;
    }

    asio::awaitable<api_result<json_document>> call_in_slot(request what) {
        auto slot = co_await slots_.take();
        if (!slot)
            co_return make_api_error(proto_http::errc::cancelled);
        for (bool may_retry = true;; may_retry = false) {
            auto known = co_await credentials_.present();
            if (known.has_error())
                co_return known.error();
            auto sent = dressed(what, known->authorization);
            auto answer = co_await http_->exchange(std::move(sent), rt_.now() + options_.call_time_max);
            if (answer.has_error())
                co_return make_api_error(answer.error());
            if (answer->status != 401 || !credentials_.refused(known->generation) || !may_retry)
                co_return value_of(*answer);
        }
    }

    asio::awaitable<api_result<std::unique_ptr<response_stream>>> open_with_credentials(request what) {
        for (bool may_retry = true;; may_retry = false) {
            auto known = co_await credentials_.present();
            if (known.has_error())
                co_return known.error();
            auto sent = dressed(what, known->authorization);
            auto deadline = rt_.now() + options_.call_time_max;
            auto opened = co_await http_->open(std::move(sent), deadline);
            if (opened.has_error())
                co_return make_api_error(opened.error());
            auto stream = std::move(*opened);
            if (is_success(stream->head().status))
                co_return stream;
            if (stream->head().status != 401 || !credentials_.refused(known->generation) || !may_retry)
                co_return co_await read_refusal(std::move(stream), deadline);
        }
    }

    static asio::awaitable<api_error> read_refusal(std::unique_ptr<response_stream> stream, proto_http::time_point deadline) {
        response answer = stream->head();
        while (answer.body.size() < error_body_size_max) {
            auto piece = co_await stream->read(deadline);
            if (piece.has_error() || piece->empty())
                break;
            answer.body.append(*piece);
        }
        co_return error_from_response(answer);
    }

    proto_http::runtime& rt_;
    client_options options_;
    proto_http::header_list impersonation_;
    std::string base_path_;
    proto_http::client_settings settings_;
    call_slots slots_;
    std::optional<proto_http::client> http_;
    credentials credentials_;
};

} // namespace

api_result<std::unique_ptr<client>> client::make(proto_http::runtime& rt, cluster_config config, client_options options) {
    auto made = std::make_unique<rest_client>(rt, std::move(config), std::move(options));
    auto started = made->start();
    if (started.has_error())
        return started.error();
    return std::unique_ptr<client>(std::move(made));
}

} // namespace k8s
