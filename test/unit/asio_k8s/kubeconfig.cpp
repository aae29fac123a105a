#include "asio_k8s/kubeconfig.hpp"

#include "asio_k8s/base64.hpp"
#include "support/fake_runtime.hpp"

#include <boost/test/unit_test.hpp>

using namespace k8s;
using test_support::fake_runtime;

namespace {

constexpr auto path = "/home/u/.kube/config";

/// A configuration of one context, with the given lines in its cluster and its user.
std::string config_of(const std::string& cluster_lines, const std::string& user_lines) {
    return "apiVersion: v1\nkind: Config\ncurrent-context: dev\n"
           "contexts:\n- name: dev\n  context: {cluster: c, user: u, namespace: checks}\n"
           "clusters:\n- name: c\n  cluster:\n" +
           cluster_lines + "users:\n- name: u\n  user:\n" + user_lines;
}

const std::string server = "    server: https://10.0.0.1:6443\n";

api_result<cluster_config> resolve(fake_runtime& rt, const std::string& text, const std::string& context = {}) {
    auto parsed = parse_kubeconfig(text, path);
    if (parsed.has_error())
        return parsed.error();
    return resolve_kubeconfig(rt, *parsed, context);
}

cluster_config good(const std::string& cluster_lines, const std::string& user_lines) {
    fake_runtime rt;
    rt.files["/home/u/.kube/pki/ca.crt"] = "CA";
    rt.files["/etc/client.crt"] = "CERT";
    rt.files["/home/u/.kube/client.key"] = "KEY";
    auto made = resolve(rt, config_of(cluster_lines, user_lines));
    BOOST_REQUIRE_MESSAGE(made.has_value(), (made.has_error() ? made.error().text() : ""));
    return *made;
}

std::string bad(const std::string& cluster_lines, const std::string& user_lines) {
    fake_runtime rt;
    auto made = resolve(rt, config_of(cluster_lines, user_lines));
    BOOST_REQUIRE(made.has_error());
    BOOST_TEST(made.error().code == make_error_code(errc::bad_configuration));
    BOOST_TEST(!made.error().answered());
    return made.error().message;
}

} // namespace

BOOST_AUTO_TEST_SUITE(k8s_kubeconfig)

BOOST_AUTO_TEST_CASE(a_plain_configuration_is_read) {
    auto made = good(server, "    token: secret\n");
    BOOST_TEST(made.server.tls);
    BOOST_TEST(made.server.origin.host == "10.0.0.1");
    BOOST_TEST(made.server.origin.port == 6443);
    BOOST_TEST(made.token == "secret");
    BOOST_TEST(made.default_namespace == "checks");
    BOOST_TEST(made.source == "kubeconfig /home/u/.kube/config, context dev");
    BOOST_TEST(made.tls.verify_peer);
    BOOST_TEST(!made.via.has_value());
}

BOOST_AUTO_TEST_CASE(data_is_decoded_and_files_are_relative_to_the_configuration) {
    auto from_files = good(server + "    certificate-authority: pki/ca.crt\n",
                           "    client-certificate: /etc/client.crt\n    client-key: client.key\n");
    BOOST_TEST(from_files.tls.ca_certificates == "CA");
    BOOST_TEST(from_files.tls.certificate_chain == "CERT");
    BOOST_TEST(from_files.tls.private_key == "KEY");
    BOOST_TEST(from_files.ca_file == "/home/u/.kube/pki/ca.crt");
    BOOST_TEST(from_files.certificate_file == "/etc/client.crt");
    BOOST_TEST(from_files.key_file == "/home/u/.kube/client.key");

    auto data = [](std::string_view text) { return base64_encode(text) + "\n"; };
    auto from_data = good(server + "    certificate-authority: pki/ca.crt\n    certificate-authority-data: " + data("CA2"),
                          "    client-certificate-data: " + data("CERT2") + "    client-key-data: " + data("KEY2"));
    BOOST_TEST(from_data.tls.ca_certificates == "CA2");
    BOOST_TEST(from_data.tls.certificate_chain == "CERT2");
    BOOST_TEST(from_data.tls.private_key == "KEY2");
    BOOST_TEST(from_data.ca_file.empty());
    BOOST_TEST(from_data.certificate_file.empty());
}

BOOST_AUTO_TEST_CASE(the_clusters_other_fields_are_taken) {
    auto made =
        good(server + "    insecure-skip-tls-verify: true\n    tls-server-name: api.internal\n    proxy-url: http://proxy:3128\n",
             "    username: me\n    password: pass\n");
    BOOST_TEST(!made.tls.verify_peer);
    BOOST_TEST(made.server_name == "api.internal");
    BOOST_REQUIRE(made.via.has_value());
    BOOST_TEST(made.via->address.host == "proxy");
    BOOST_TEST(made.via->address.port == 3128);
    BOOST_TEST(made.basic_authorization == "me:pass");
}

BOOST_AUTO_TEST_CASE(without_a_proxy_url_the_environments_proxy_serves) {
    fake_runtime rt;
    rt.variables["HTTPS_PROXY"] = "http://corp:8080";
    auto made = resolve(rt, config_of(server, "    token: t\n"));
    BOOST_REQUIRE(made.has_value());
    BOOST_REQUIRE(made->via.has_value());
    BOOST_TEST(made->via->address.host == "corp");
    rt.variables["NO_PROXY"] = "10.0.0.0/8";
    BOOST_TEST(!resolve(rt, config_of(server, "    token: t\n"))->via.has_value());
}

BOOST_AUTO_TEST_CASE(a_server_without_a_scheme_is_plain_unless_tls_is_configured) {
    BOOST_TEST(!good("    server: localhost:8080\n", "    {}\n").server.tls);
    BOOST_TEST(good("    server: localhost:8443\n    insecure-skip-tls-verify: true\n", "    {}\n").server.tls);
}

BOOST_AUTO_TEST_CASE(an_exec_plugin_is_read_with_null_lists) {
    auto made = good(
        server, "    exec:\n      apiVersion: client.authentication.k8s.io/v1\n      command: ./bin/login\n      args: null\n"
                "      env:\n      - {name: A, value: b}\n      interactiveMode: IfAvailable\n      provideClusterInfo: true\n"
                "      installHint: apt install login\n");
    BOOST_REQUIRE(made.exec.has_value());
    BOOST_TEST(made.exec->arguments == std::vector<std::string>{"/home/u/.kube/./bin/login"}, boost::test_tools::per_element());
    BOOST_TEST((made.exec->environment == std::vector<std::pair<std::string, std::string>>{{"A", "b"}}));
    BOOST_TEST(made.exec->provide_cluster_info);
    BOOST_TEST(made.exec->install_hint == "apt install login");

    auto in_path = good(server, "    exec:\n      apiVersion: client.authentication.k8s.io/v1beta1\n      command: aws\n"
                                "      args: [eks, get-token]\n      env: null\n");
    BOOST_TEST(in_path.exec->arguments == (std::vector<std::string>{"aws", "eks", "get-token"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_token_wins_over_a_plugin) {
    auto made = good(server, "    tokenFile: token\n    exec: {apiVersion: client.authentication.k8s.io/v1, command: x}\n");
    BOOST_TEST(made.token_file == "/home/u/.kube/token");
    BOOST_TEST(!made.exec.has_value());
}

BOOST_AUTO_TEST_CASE(impersonation_is_never_dropped_silently) {
    auto made = good(
        server,
        "    token: t\n    as: jane\n    as-uid: '7'\n    as-groups: [dev, ops]\n    as-user-extra:\n      Reason: [x, y]\n");
    proto_http::header_list expected{{"Impersonate-User", "jane"},      {"Impersonate-Uid", "7"},
                                     {"Impersonate-Group", "dev"},      {"Impersonate-Group", "ops"},
                                     {"Impersonate-Extra-Reason", "x"}, {"Impersonate-Extra-Reason", "y"}};
    BOOST_TEST((made.impersonation == expected));
    BOOST_TEST(bad(server, "    as-groups: [dev]\n") ==
               "/home/u/.kube/config: users[0].user.as: is missing beside as-uid, as-groups or as-user-extra");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_told_with_file_and_field) {
    const std::string in_file = "/home/u/.kube/config: ";
    BOOST_TEST(bad("    {}\n", "    {}\n") == in_file + "clusters[c].cluster.server: is missing");
    BOOST_TEST(bad("    server: ftp://x\n", "    {}\n").starts_with(in_file + "clusters[c].cluster.server: \"ftp://x\": "));
    BOOST_TEST(bad(server + "    certificate-authority-data: '*'\n", "    {}\n") ==
               in_file + "clusters[c].cluster.certificate-authority-data: is not base64");
    BOOST_TEST(bad(server + "    certificate-authority: gone.crt\n", "    {}\n")
                   .starts_with(in_file + "clusters[c].cluster.certificate-authority: /home/u/.kube/gone.crt: "));
    BOOST_TEST(bad(server + "    insecure-skip-tls-verify: true\n    certificate-authority-data: Q0E=\n", "    {}\n")
                   .starts_with(in_file + "clusters[c].cluster.insecure-skip-tls-verify: is true beside"));
    BOOST_TEST(bad(server + "    insecure-skip-tls-verify: maybe\n", "    {}\n") ==
               in_file + "clusters[0].cluster.insecure-skip-tls-verify: is neither true nor false");
    BOOST_TEST(bad(server, "    token: [a]\n") == in_file + "users[0].user.token: is not a text");
    BOOST_TEST(bad(server, "    client-certificate-data: Q0E=\n") ==
               in_file + "users[u].user.client-key: is missing beside its counterpart");
    BOOST_TEST(bad(server, "    client-key-data: Q0E=\n") ==
               in_file + "users[u].user.client-certificate: is missing beside its counterpart");
    BOOST_TEST(
        bad(server, "    token: t\n    username: n\n").starts_with(in_file + "users[u].user.username: stands beside a token"));
    BOOST_TEST(bad(server, "    auth-provider: {name: gcp}\n").starts_with(in_file + "users[u].user.auth-provider: \"gcp\": "));
    BOOST_TEST(bad(server, "    exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}\n")
                   .starts_with(in_file + "users[0].user.exec.apiVersion: is \"client.authentication.k8s.io/v1alpha1\""));
    BOOST_TEST(bad(server, "    exec: {apiVersion: client.authentication.k8s.io/v1}\n") ==
               in_file + "users[0].user.exec.command: is missing");
    BOOST_TEST(bad(server, "    exec: {apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Always}\n")
                   .starts_with(in_file + "users[u].user.exec.interactiveMode: is Always"));
}

BOOST_AUTO_TEST_CASE(a_wrong_proxy_url_is_told_without_its_password) {
    auto message = bad(server + "    proxy-url: 'ftp://me:hunter2@proxy'\n", "    {}\n");
    BOOST_TEST(message.starts_with("/home/u/.kube/config: clusters[c].cluster.proxy-url: "));
    BOOST_TEST(message.find("hunter2") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_no_mapping_is_told) {
    for (auto text :
         {"- a\n", "just text", "clusters: text\n", "clusters: [a]\n", "contexts:\n- context: {}\n", "{", "a: b: c"}) {
        auto parsed = parse_kubeconfig(text, path);
        BOOST_TEST(parsed.has_error(), text);
        if (parsed.has_error())
            BOOST_TEST(parsed.error().message.starts_with("/home/u/.kube/config: "));
    }
}

BOOST_AUTO_TEST_CASE(an_empty_file_has_no_context) {
    fake_runtime rt;
    auto made = resolve(rt, "");
    BOOST_REQUIRE(made.has_error());
    BOOST_TEST(made.error().message == "/home/u/.kube/config: current-context: is missing, and no context was asked for");
}

BOOST_AUTO_TEST_CASE(a_name_that_is_not_there_is_told_with_those_that_are) {
    fake_runtime rt;
    auto text = config_of(server, "    {}\n");
    BOOST_TEST(resolve(rt, text, "prod").error().message == "/home/u/.kube/config: there is no context \"prod\" (there is: dev)");
    auto other = text;
    other.replace(other.find("cluster: c,"), 11, "cluster: d,");
    BOOST_TEST(resolve(rt, other).error().message == "/home/u/.kube/config: there is no cluster \"d\" (there is: c)");
    other = text;
    other.replace(other.find("user: u,"), 8, "user: v,");
    BOOST_TEST(resolve(rt, other).error().message == "/home/u/.kube/config: there is no user \"v\" (there is: u)");
}

BOOST_AUTO_TEST_CASE(the_first_file_wins_entry_by_entry) {
    fake_runtime rt;
    rt.files["/a/config"] = "current-context: one\n"
                            "clusters:\n- {name: c, cluster: {server: 'https://first', certificate-authority: ca}}\n";
    rt.files["/b/config"] =
        "current-context: two\n"
        "contexts:\n- {name: one, context: {cluster: c, user: u}}\n- {name: two, context: {cluster: d, user: u}}\n"
        "clusters:\n- {name: c, cluster: {server: 'https://second'}}\n- {name: d, cluster: {server: 'https://d'}}\n"
        "users:\n- {name: u, user: {tokenFile: token}}\n";
    rt.files["/a/ca"] = "CA";
    auto merged = read_kubeconfig(rt, {"/a/config", "/b/config"}, "$KUBECONFIG");
    BOOST_REQUIRE(merged.has_value());
    auto made = resolve_kubeconfig(rt, *merged, "");
    BOOST_REQUIRE(made.has_value());
    BOOST_TEST(made->server.origin.host == "first");
    BOOST_TEST(made->tls.ca_certificates == "CA");
    BOOST_TEST(made->token_file == "/b/token");
    BOOST_TEST(made->default_namespace == "default");
    BOOST_TEST(resolve_kubeconfig(rt, *merged, "two")->server.origin.host == "d");
}

BOOST_AUTO_TEST_SUITE_END()
