#include "controller/page_access.hpp"
#include "fuzz/fuzz_loop.hpp"
#include "proto_http/ascii.hpp"
#include "proto_http/text.hpp"

namespace {

namespace asio = boost::asio;

/// An API server that answers every call with this.
class one_answer final : public k8s::client {
public:
    one_answer(proto_http::runtime& rt, std::optional<boost::json::value> answer) : rt_(rt), answer_(std::move(answer)) {}

    asio::awaitable<k8s::api_result<k8s::json_document>> call(proto_http::request) override {
        if (answer_)
            co_return *answer_;
        co_return k8s::api_error{};
    }
    asio::awaitable<k8s::api_result<std::unique_ptr<proto_http::response_stream>>> open(proto_http::request) override {
        co_return k8s::api_error{};
    }
    proto_http::runtime& runtime() noexcept override { return rt_; }

private:
    proto_http::runtime& rt_;
    std::optional<boost::json::value> answer_;
};

/// The status of the answer, 200 for who is admitted.
unsigned asked(fuzz::loop& on, kh::page_access& access, std::string_view authorization) {
    proto_http::server_request request;
    request.headers.add("Authorization", std::string(authorization));
    auto refused = on.run(access.refusal(request));
    return refused ? refused->status : 200;
}

bool is_authentic(const std::optional<boost::json::value>& answer) {
    boost::system::error_code failure;
    const auto* found = answer ? answer->find_pointer("/status/authenticated", failure) : nullptr;
    return found != nullptr && found->is_bool() && found->get_bool();
}

} // namespace

// The file with the token, the header, and what the API server answers to a TokenReview.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    const std::string file(in.next());
    auto authorization = in.next();
    auto answer = fuzz::parse_json(in.next());

    fuzz::loop on;
    on.rt.files["token"] = file;
    one_answer api(on.rt, answer);
    kh::page_access_settings rules;
    rules.token_file = "token";
    kh::page_access by_file(on.rt, api, rules);
    rules.token_file.clear();
    rules.token_review = true;
    kh::page_access by_review(on.rt, api, rules);

    auto token = proto_http::trim(authorization.substr(std::min<std::size_t>(7, authorization.size())));
    bool is_bearer = !token.empty() && proto_http::ascii::equal(authorization.substr(0, 7), "bearer ");
    fuzz::require((asked(on, by_file, authorization) == 200) == (is_bearer && token == proto_http::trim(file)),
                  "the token admits and nothing else does");
    auto how = asked(on, by_review, authorization);
    fuzz::require((how == 200) == (is_bearer && is_authentic(answer)), "whom the API server knows is admitted and nobody else");
    fuzz::require(how == 200 || how == 401 || (how == 503 && is_bearer), "the others are refused");
    return 0;
}
