#include "controller/condition_support.hpp"

#include "asio_k8s/json_access.hpp"
#include "controller/check_object.hpp"

#include <boost/json/value.hpp>

#include <algorithm>
#include <utility>

namespace kh {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

constexpr proto_http::duration retry_delay_first = std::chrono::seconds(1);
constexpr proto_http::duration retry_delay_max = std::chrono::minutes(1);

} // namespace

bool lists_check_status(const json::value& resources) {
    const auto* list = resources.if_object();
    const auto* entries = list == nullptr ? nullptr : k8s::array_at(*list, "resources");
    const std::string wanted = v1::khchecks.plural + "/status";
    return entries != nullptr && std::any_of(entries->begin(), entries->end(), [&](const json::value& entry) {
               return entry.is_object() && k8s::text_at(entry.get_object(), "name") == wanted;
           });
}

asio::awaitable<void> learn_condition_support(k8s::client& api, std::function<void(bool served)> tell) {
    proto_http::runtime& rt = api.runtime();
    for (proto_http::duration delay = retry_delay_first;; delay = std::min(delay * 2, retry_delay_max)) {
        const k8s::api_result<k8s::json_document> answer = co_await api.call(k8s::resources_request(v1::khchecks));
        if (answer) {
            tell(lists_check_status(*answer));
            co_return;
        }
        // Also where the group is not found: the CRDs may be applied after the controller.
        if (co_await proto_http::wait_until(rt, rt.now() + delay))
            co_return;
    }
}

} // namespace kh
