#include "asio_k8s/cluster_config.hpp"

#include "support/fake_runtime.hpp"

#include <boost/test/unit_test.hpp>

using namespace k8s;
using test_support::fake_runtime;

namespace {

std::string config_for(const std::string& host) {
    return "current-context: x\ncontexts:\n- {name: x, context: {cluster: x}}\nclusters:\n- {name: x, cluster: {server: "
           "'https://" +
           host + "'}}\n";
}

const std::string folder = "/var/run/secrets/kubernetes.io/serviceaccount/";

/// A world in which every source is there.
struct everything : fake_runtime {
    everything() {
        files["/flag"] = config_for("by-flag");
        files["/env"] = config_for("by-variable");
        files["/home/u/.kube/config"] = config_for("by-home");
        files[folder + "token"] = "t";
        files[folder + "ca.crt"] = "CA";
        files[folder + "namespace"] = "checks\n";
        variables["KUBECONFIG"] = "/env";
        variables["HOME"] = "/home/u";
        variables["KUBERNETES_SERVICE_HOST"] = "10.96.0.1";
        variables["KUBERNETES_SERVICE_PORT"] = "443";
    }

    std::string host(const config_options& options = {}) {
        auto made = load_cluster_config(*this, options);
        return made.has_value() ? made->server.origin.host : made.error().text();
    }

    std::string error(const config_options& options = {}) {
        auto made = load_cluster_config(*this, options);
        BOOST_REQUIRE(made.has_error());
        BOOST_TEST(made.error().code == make_error_code(errc::bad_configuration));
        return made.error().message;
    }
};

config_options flag(std::string file) {
    config_options options;
    options.kubeconfig = std::move(file);
    return options;
}

} // namespace

BOOST_AUTO_TEST_SUITE(k8s_cluster_config)

BOOST_AUTO_TEST_CASE(the_flag_comes_before_the_variable_before_the_pod_before_home) {
    everything rt;
    BOOST_TEST(rt.host(flag("/flag")) == "by-flag");
    BOOST_TEST(rt.host() == "by-variable");
    rt.variables.erase("KUBECONFIG");
    BOOST_TEST(rt.host() == "10.96.0.1");
    rt.variables.erase("KUBERNETES_SERVICE_HOST");
    BOOST_TEST(rt.host() == "by-home");
}

BOOST_AUTO_TEST_CASE(in_a_pod_the_service_account_is_used) {
    everything rt;
    rt.variables.erase("KUBECONFIG");
    auto made = load_cluster_config(rt, {});
    BOOST_REQUIRE(made.has_value());
    BOOST_TEST(made->server.tls);
    BOOST_TEST(made->server.origin.port == 443);
    BOOST_TEST(made->token_file == folder + "token");
    BOOST_TEST(made->ca_file == folder + "ca.crt");
    BOOST_TEST(made->tls.ca_certificates == "CA");
    BOOST_TEST(made->default_namespace == "checks");
    BOOST_TEST(made->source == "in-cluster");
    rt.variables["KUBERNETES_SERVICE_HOST"] = "fd00::1";
    BOOST_TEST(rt.host() == "fd00::1");
}

BOOST_AUTO_TEST_CASE(in_a_pod_without_a_service_account_the_missing_file_is_named) {
    everything rt;
    rt.variables.erase("KUBECONFIG");
    rt.files.erase(folder + "token");
    BOOST_TEST(rt.error().starts_with("in-cluster: " + folder + "token: "));
    rt.variables["KUBERNETES_SERVICE_PORT"] = "many";
    BOOST_TEST(rt.error().find("KUBERNETES_SERVICE_PORT \"many\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_missing_file_is_told_with_who_named_it) {
    everything rt;
    BOOST_TEST(rt.error(flag("/nowhere")).starts_with("/nowhere: "));
    BOOST_TEST(rt.error(flag("/nowhere")).ends_with("(named by --kubeconfig)"));
    rt.variables["KUBECONFIG"] = "/nowhere:/neither";
    BOOST_TEST(rt.error().find("/nowhere: ") != std::string::npos);
    BOOST_TEST(rt.error().find("/neither: ") != std::string::npos);
    BOOST_TEST(rt.error().ends_with("(named by $KUBECONFIG)"));
    rt.variables.clear();
    rt.variables["HOME"] = "/root";
    BOOST_TEST(rt.error().starts_with("/root/.kube/config: "));
    rt.variables.clear();
    BOOST_TEST(rt.error().find("no $HOME") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_variable_may_name_several_files_and_some_may_be_missing) {
    everything rt;
    rt.variables["KUBECONFIG"] = ":/nowhere:/env:/flag:/env:";
    BOOST_TEST(rt.host() == "by-variable");
    rt.variables["KUBECONFIG"] = ":";
    BOOST_TEST(rt.host() == "10.96.0.1");
}

BOOST_AUTO_TEST_CASE(another_context_may_be_asked_for) {
    everything rt;
    config_options options;
    options.context = "y";
    BOOST_TEST(rt.error(options) == "/env: there is no context \"y\" (there is: x)");
}

BOOST_AUTO_TEST_SUITE_END()
