#include "asio_k8s/credentials.hpp"

#include "asio_k8s/base64.hpp"
#include "asio_k8s/status.hpp"
#include "proto_http/error.hpp"
#include "proto_http/event.hpp"
#include "proto_http/with_deadline.hpp"

#include <fmt/format.h>

namespace k8s {

namespace asio = boost::asio;
using proto_http::tls_context;

namespace {

constexpr std::size_t file_size_max = 1024 * 1024;
constexpr auto files_age_max = std::chrono::minutes(1);
constexpr auto plugin_time_max = std::chrono::seconds(60);
constexpr auto expiry_margin = std::chrono::seconds(10);
constexpr std::size_t shown_output_max = 512;

std::string trimmed(std::string_view text) {
    constexpr auto blanks = " \t\r\n";
    auto begin = text.find_first_not_of(blanks);
    return begin == std::string_view::npos ? std::string()
                                           : std::string(text.substr(begin, text.find_last_not_of(blanks) - begin + 1));
}

api_error plugin_error(const exec_plugin& plugin, std::string_view what) {
    return make_api_error(errc::bad_configuration, fmt::format("the exec plugin {}: {}{}{}", plugin.arguments.front(), what,
                                                               plugin.install_hint.empty() ? "" : "\n", plugin.install_hint));
}

} // namespace

/// One run of the plugin, for all who wait for it. Neither `failure` nor `succeeded`: its runner was cancelled.
struct credentials::plugin_run {
    explicit plugin_run(proto_http::runtime& rt) : ended(rt) {}

    proto_http::event ended;
    bool succeeded = false;
    std::optional<api_error> failure;
};

credentials::credentials(proto_http::runtime& rt, cluster_config config, tls_user use_tls)
    : rt_(rt), config_(std::move(config)), use_tls_(std::move(use_tls)), token_(config_.token),
      files_due_(rt.now() + files_age_max) {
    if (!config_.token_file.empty())
        read_token();
}

credentials::~credentials() = default;

api_result<std::shared_ptr<tls_context>> credentials::first_tls() const {
    return make_tls();
}

asio::awaitable<api_result<credentials::presented>> credentials::present() {
    if (rt_.now() >= files_due_)
        read_files();
    if (config_.exec) {
        auto fresh = co_await freshen_plugin();
        if (fresh.has_error())
            co_return fresh.error();
    }
    if (!config_.token_file.empty() && token_.empty())
        co_return make_api_error(errc::bad_configuration, fmt::format("{}: the token file {} is empty or not readable",
                                                                      config_.source, config_.token_file));
    presented now;
    now.authorization = authorization();
    now.generation = generation_;
    co_return now;
}

bool credentials::refused(std::uint64_t generation) {
    if (generation != generation_)
        return true;
    if (config_.exec) {
        from_plugin_.reset();
        ++generation_;
        return true;
    }
    return read_files();
}

bool credentials::read_files() {
    files_due_ = rt_.now() + files_age_max;
    bool token_changed = read_token();
    bool tls_changed = read_tls_files();
    if (token_changed || tls_changed)
        ++generation_;
    return token_changed || tls_changed;
}

bool credentials::read_token() {
    if (config_.token_file.empty())
        return false;
    auto text = rt_.read_file(config_.token_file, file_size_max);
    // While it is being replaced, the last one serves.
    if (text.has_error() || trimmed(*text).empty() || trimmed(*text) == token_)
        return false;
    token_ = trimmed(*text);
    return true;
}

bool credentials::read_tls_files() {
    auto before = config_.tls;
    bool changed = read_into(config_.ca_file, config_.tls.ca_certificates);
    changed = read_into(config_.certificate_file, config_.tls.certificate_chain) || changed;
    changed = read_into(config_.key_file, config_.tls.private_key) || changed;
    if (!changed)
        return false;
    auto fresh = make_tls();
    if (fresh.has_error()) {
        // Half written, or a certificate that waits for its key: the old material goes on until the next look.
        config_.tls = std::move(before);
        return false;
    }
    use_tls_(std::move(*fresh));
    return true;
}

bool credentials::read_into(const std::string& file, std::string& content) {
    if (file.empty())
        return false;
    auto text = rt_.read_file(file, file_size_max);
    if (text.has_error() || text->empty() || *text == content)
        return false;
    content = std::move(*text);
    return true;
}

std::string credentials::authorization() const {
    if (!token_.empty())
        return "Bearer " + token_;
    if (!config_.basic_authorization.empty())
        return "Basic " + base64_encode(config_.basic_authorization);
    if (from_plugin_ && !from_plugin_->token.empty())
        return "Bearer " + from_plugin_->token;
    return {};
}

bool credentials::plugin_is_fresh() const {
    return from_plugin_ && (!from_plugin_->expires || rt_.wall_now() + expiry_margin < *from_plugin_->expires);
}

asio::awaitable<api_result<void>> credentials::freshen_plugin() {
    while (!plugin_is_fresh()) {
        if (!running_)
            co_return co_await run_plugin();
        auto joined = running_;
        auto failure = co_await joined->ended.wait();
        if (failure)
            co_return make_api_error(failure);
        if (joined->failure)
            co_return *joined->failure;
        if (joined->succeeded)
            break;
    }
    co_return boost::system::in_place_value; // a moved empty result makes g++ 12 warn of an uninitialised error
}

asio::awaitable<api_result<void>> credentials::run_plugin() {
    struct runner {
        explicit runner(credentials& owner) : owner_(owner), run(std::make_shared<plugin_run>(owner.rt_)) {
            owner_.running_ = run;
        }
        runner(const runner&) = delete;
        runner& operator=(const runner&) = delete;
        ~runner() {
            owner_.running_.reset();
            run->ended.set();
        }

        credentials& owner_;
        std::shared_ptr<plugin_run> run;
    };
    runner mine(*this);

    proto_http::command what;
    what.arguments = config_.exec->arguments;
    what.environment = config_.exec->environment;
    what.environment.emplace_back("KUBERNETES_EXEC_INFO", exec_info(config_));
    auto running = rt_.run(std::move(what));
    auto output = co_await proto_http::with_deadline(rt_, std::move(running), rt_.now() + plugin_time_max);
    if (output.has_error() && output.error() == proto_http::errc::cancelled)
        co_return make_api_error(output.error());

    auto taken = [&]() -> api_result<void> {
        if (output.has_error())
            return plugin_error(*config_.exec, output.error().message());
        if (output->exit_code != 0)
            return plugin_error(*config_.exec, fmt::format("ended with code {}: {}", output->exit_code,
                                                           trimmed(output->error_output).substr(0, shown_output_max)));
        auto parsed = parse_exec_credential(output->output, config_.exec->api_version);
        if (parsed.has_error())
            return plugin_error(*config_.exec, parsed.error().message);
        return take(std::move(*parsed));
    }();
    if (taken.has_error())
        mine.run->failure = taken.error();
    else
        mine.run->succeeded = true;
    co_return taken;
}

api_result<void> credentials::take(exec_credential fresh) {
    bool new_certificate = !fresh.certificate.empty() &&
                           (config_.tls.certificate_chain != fresh.certificate || config_.tls.private_key != fresh.key);
    if (new_certificate) {
        auto before = config_.tls;
        config_.tls.certificate_chain = fresh.certificate;
        config_.tls.private_key = fresh.key;
        auto tls = make_tls();
        if (tls.has_error()) {
            config_.tls = std::move(before);
            return plugin_error(*config_.exec, "its client certificate and key do not parse or do not match");
        }
        use_tls_(std::move(*tls));
    }
    from_plugin_ = std::move(fresh);
    ++generation_;
    return {};
}

api_result<std::shared_ptr<tls_context>> credentials::make_tls() const {
    if (!config_.server.tls)
        return std::shared_ptr<tls_context>();
    auto made = tls_context::client(config_.tls);
    if (made.has_error())
        return make_api_error(errc::bad_configuration,
                              fmt::format("{}: the TLS material (certificate-authority, client-certificate, "
                                          "client-key): {}",
                                          config_.source, made.error().message()));
    return std::move(*made);
}

} // namespace k8s
