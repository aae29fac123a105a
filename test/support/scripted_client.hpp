#pragma once

#include "asio_k8s/client.hpp"
#include "support/fake_runtime.hpp"

#include <deque>
#include <string>
#include <vector>

namespace test_support {

/// An API server that answers as the test wrote down, in that order. After its script it answers nothing, for ever.
class scripted_client : public k8s::client {
public:
    explicit scripted_client(fake_runtime& rt) : rt_(rt) {}

    enum class ending {
        close,   ///< the server ends the body
        reset,   ///< the connection breaks
        silence, ///< nothing comes any more
    };

    /// The next call must have this in its target; its answer is this JSON, or this error.
    scripted_client& answers(std::string target_part, std::string body);
    scripted_client& fails(std::string target_part, k8s::api_error error);

    /// The next request must open a stream with this in its target. It brings `body` in pieces of that size, each `pause` after
    /// the one before.
    scripted_client& streams(std::string target_part, std::string body, ending end, std::size_t piece_size = 64 * 1024,
                             proto_http::duration pause = {});
    scripted_client& refuses_stream(std::string target_part, k8s::api_error error);

    boost::asio::awaitable<k8s::api_result<k8s::json_document>> call(proto_http::request what) override;
    boost::asio::awaitable<k8s::api_result<std::unique_ptr<proto_http::response_stream>>> open(proto_http::request what) override;
    proto_http::runtime& runtime() noexcept override { return rt_; }

    /// Nothing of the script is left, and nothing but the script was asked for. Empty if so, else what is wrong.
    std::string verdict() const;

    std::vector<std::string> targets;
    std::vector<std::string> bodies; ///< of each call, beside its target
    std::size_t streams_alive = 0;

private:
    struct exchange {
        bool is_stream = false;
        std::string target_part;
        std::string body;
        std::optional<k8s::api_error> error;
        ending end = ending::close;
        std::size_t piece_size = 0;
        proto_http::duration pause{};
    };
    class stream;

    std::optional<exchange> next(const proto_http::request& what, bool is_stream);

    fake_runtime& rt_;
    std::deque<exchange> script_;
    std::string wrong_;
};

} // namespace test_support
