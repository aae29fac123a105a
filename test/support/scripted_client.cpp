#include "support/scripted_client.hpp"

#include "asio_k8s/status.hpp"
#include "proto_http/error.hpp"

#include <boost/json/parse.hpp>

namespace test_support {

using boost::asio::awaitable;
using namespace proto_http;

class scripted_client::stream final : public response_stream {
public:
    stream(scripted_client& owner, exchange what) : owner_(owner), what_(std::move(what)), left_(what_.body) {
        head_.status = 200;
        ++owner_.streams_alive;
    }
    ~stream() override { --owner_.streams_alive; }

    const response& head() const noexcept override { return head_; }

    awaitable<result<std::string_view>> read(time_point deadline) override {
        auto& rt = owner_.rt_;
        bool silent = left_.empty() && what_.end == ending::silence;
        auto until = silent ? deadline : std::min(deadline, rt.now() + what_.pause);
        if (auto failure = co_await wait_until(rt, until))
            co_return errc::cancelled;
        if (until == deadline)
            co_return errc::timed_out;
        if (left_.empty() && what_.end == ending::reset)
            co_return errc::closed;
        // A buffer of its own: whoever looks at a piece after the next read is found by the sanitizer.
        piece_ = std::make_unique<std::string>(left_.substr(0, what_.piece_size));
        left_.remove_prefix(piece_->size());
        co_return std::string_view(*piece_);
    }

private:
    scripted_client& owner_;
    exchange what_;
    response head_;
    std::string_view left_;
    std::unique_ptr<std::string> piece_;
};

scripted_client& scripted_client::answers(std::string target_part, std::string body) {
    exchange one;
    one.target_part = std::move(target_part);
    one.body = std::move(body);
    script_.push_back(std::move(one));
    return *this;
}

scripted_client& scripted_client::fails(std::string target_part, k8s::api_error error) {
    answers(std::move(target_part), {});
    script_.back().error = std::move(error);
    return *this;
}

scripted_client& scripted_client::streams(std::string target_part, std::string body, ending end, std::size_t piece_size,
                                          duration pause) {
    answers(std::move(target_part), std::move(body));
    script_.back().is_stream = true;
    script_.back().end = end;
    script_.back().piece_size = piece_size;
    script_.back().pause = pause;
    return *this;
}

scripted_client& scripted_client::refuses_stream(std::string target_part, k8s::api_error error) {
    fails(std::move(target_part), std::move(error));
    script_.back().is_stream = true;
    return *this;
}

awaitable<k8s::api_result<k8s::json_document>> scripted_client::call(request what) {
    auto said = next(what, false);
    if (!said) {
        co_await wait_until(rt_, never);
        co_return k8s::make_api_error(errc::cancelled);
    }
    if (said->error)
        co_return *said->error;
    co_return k8s::json_document(boost::json::parse(said->body));
}

awaitable<k8s::api_result<std::unique_ptr<response_stream>>> scripted_client::open(request what) {
    auto said = next(what, true);
    if (!said) {
        co_await wait_until(rt_, never);
        co_return k8s::make_api_error(errc::cancelled);
    }
    if (said->error)
        co_return *said->error;
    co_return std::make_unique<stream>(*this, std::move(*said));
}

std::optional<scripted_client::exchange> scripted_client::next(const request& what, bool is_stream) {
    if (script_.empty())
        return std::nullopt;
    targets.push_back(what.target);
    bodies.push_back(what.body);
    auto said = std::move(script_.front());
    script_.pop_front();
    if (said.is_stream != is_stream || what.target.find(said.target_part) == std::string::npos)
        wrong_ += "expected " + said.target_part + ", got " + what.target + "\n";
    return said;
}

std::string scripted_client::verdict() const {
    return script_.empty() ? wrong_ : wrong_ + "never asked for: " + script_.front().target_part;
}

} // namespace test_support
