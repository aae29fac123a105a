#include "asio_k8s/kubeconfig.hpp"

#include "asio_k8s/status.hpp"
#include "proto_http/url.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <stdexcept>

namespace k8s {
namespace {

constexpr std::size_t file_size_max = 4 * 1024 * 1024;

/// Thrown and caught in this file only: what is wrong with a file, without its name.
struct bad_field : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// A node that knows where it stands. What is absent or null reads as empty.
class field {
public:
    field(const YAML::Node& node, std::string path) : node_(node), path_(std::move(path)) {}

    field at(const char* name) const {
        auto path = path_.empty() ? std::string(name) : path_ + '.' + name;
        if (!is_there())
            return {YAML::Node(YAML::NodeType::Undefined), std::move(path)};
        if (!node_.IsMap())
            throw bad_field(fmt::format("{}: is not a mapping", path_.empty() ? "the file" : path_));
        return {node_[name], std::move(path)};
    }

    bool is_there() const { return node_.IsDefined() && !node_.IsNull(); }

    std::string text() const {
        if (!is_there())
            return {};
        if (!node_.IsScalar())
            throw bad_field(fmt::format("{}: is not a text", path_));
        return node_.Scalar();
    }

    bool flag() const {
        auto value = text();
        if (value != "true" && value != "false" && !value.empty())
            throw bad_field(fmt::format("{}: is neither true nor false", path_));
        return value == "true";
    }

    std::vector<field> items() const {
        std::vector<field> found;
        if (!is_there())
            return found;
        if (!node_.IsSequence())
            throw bad_field(fmt::format("{}: is not a list", path_));
        for (const auto& item : node_)
            found.emplace_back(item, fmt::format("{}[{}]", path_, found.size()));
        return found;
    }

    std::vector<std::pair<std::string, field>> members() const {
        std::vector<std::pair<std::string, field>> found;
        if (!is_there())
            return found;
        if (!node_.IsMap())
            throw bad_field(fmt::format("{}: is not a mapping", path_));
        for (const auto& member : node_)
            found.emplace_back(member.first.Scalar(), field(member.second, path_ + '.' + member.first.Scalar()));
        return found;
    }

    std::string name() const {
        auto value = at("name").text();
        if (value.empty())
            throw bad_field(fmt::format("{}.name: is missing", path_));
        return value;
    }

    const std::string& path() const { return path_; }

private:
    YAML::Node node_;
    std::string path_;
};

std::string beside(const std::string& file, const std::string& path) {
    if (path.empty() || path.starts_with('/'))
        return path;
    auto slash = file.rfind('/');
    return slash == std::string::npos ? path : file.substr(0, slash + 1) + path;
}

kubeconfig::cluster cluster_of(const field& from, const std::string& file) {
    kubeconfig::cluster made;
    made.file = file;
    made.server = from.at("server").text();
    made.tls_server_name = from.at("tls-server-name").text();
    made.proxy_url = from.at("proxy-url").text();
    made.ca_file = beside(file, from.at("certificate-authority").text());
    made.ca_data = from.at("certificate-authority-data").text();
    made.insecure = from.at("insecure-skip-tls-verify").flag();
    return made;
}

exec_plugin exec_of(const field& from, const std::string& file) {
    exec_plugin made;
    made.api_version = from.at("apiVersion").text();
    if (made.api_version != "client.authentication.k8s.io/v1" && made.api_version != "client.authentication.k8s.io/v1beta1")
        throw bad_field(fmt::format("{}.apiVersion: is \"{}\"; client.authentication.k8s.io/v1 and /v1beta1 are supported",
                                    from.path(), made.api_version));
    auto command = from.at("command").text();
    if (command.empty())
        throw bad_field(fmt::format("{}.command: is missing", from.path()));
    made.arguments.push_back(command.find('/') == std::string::npos ? command : beside(file, command));
    for (const auto& argument : from.at("args").items())
        made.arguments.push_back(argument.text());
    for (const auto& variable : from.at("env").items())
        made.environment.emplace_back(variable.name(), variable.at("value").text());
    made.provide_cluster_info = from.at("provideClusterInfo").flag();
    made.install_hint = from.at("installHint").text();
    return made;
}

proto_http::header_list impersonation_of(const field& from) {
    proto_http::header_list headers;
    auto user = from.at("as").text();
    if (!user.empty())
        headers.add("Impersonate-User", user);
    if (auto uid = from.at("as-uid").text(); !uid.empty())
        headers.add("Impersonate-Uid", uid);
    for (const auto& group : from.at("as-groups").items())
        headers.add("Impersonate-Group", group.text());
    for (const auto& [key, values] : from.at("as-user-extra").members())
        for (const auto& value : values.items())
            headers.add("Impersonate-Extra-" + proto_http::percent_encode(key), value.text());
    if (user.empty() && headers.size() != 0)
        throw bad_field(fmt::format("{}.as: is missing beside as-uid, as-groups or as-user-extra", from.path()));
    return headers;
}

kubeconfig::user user_of(const field& from, const std::string& file) {
    kubeconfig::user made;
    made.file = file;
    made.certificate_file = beside(file, from.at("client-certificate").text());
    made.certificate_data = from.at("client-certificate-data").text();
    made.key_file = beside(file, from.at("client-key").text());
    made.key_data = from.at("client-key-data").text();
    made.token = from.at("token").text();
    made.token_file = beside(file, from.at("tokenFile").text());
    made.username = from.at("username").text();
    made.password = from.at("password").text();
    made.auth_provider = from.at("auth-provider").at("name").text();
    made.impersonation = impersonation_of(from);
    if (auto exec = from.at("exec"); exec.is_there()) {
        made.exec = exec_of(exec, file);
        made.interactive_mode = exec.at("interactiveMode").text();
    }
    return made;
}

kubeconfig::context context_of(const field& from, const std::string& file) {
    kubeconfig::context made;
    made.file = file;
    made.cluster = from.at("cluster").text();
    made.user = from.at("user").text();
    made.ns = from.at("namespace").text();
    return made;
}

api_error bad_configuration(std::string message) {
    return make_api_error(errc::bad_configuration, std::move(message));
}

} // namespace

api_result<kubeconfig> parse_kubeconfig(const std::string& text, const std::string& file) {
    try {
        field root(YAML::Load(text), "");
        kubeconfig made;
        made.files.push_back(file);
        made.current_context = root.at("current-context").text();
        for (const auto& item : root.at("clusters").items())
            made.clusters.try_emplace(item.name(), cluster_of(item.at("cluster"), file));
        for (const auto& item : root.at("users").items())
            made.users.try_emplace(item.name(), user_of(item.at("user"), file));
        for (const auto& item : root.at("contexts").items())
            made.contexts.try_emplace(item.name(), context_of(item.at("context"), file));
        return made;
    } catch (const bad_field& wrong) {
        return bad_configuration(fmt::format("{}: {}", file, wrong.what()));
    } catch (const YAML::Exception& wrong) {
        return bad_configuration(fmt::format("{}: is not YAML: {}", file, wrong.what()));
    }
}

void kubeconfig::merge(kubeconfig other) {
    if (current_context.empty())
        current_context = std::move(other.current_context);
    clusters.merge(other.clusters);
    users.merge(other.users);
    contexts.merge(other.contexts);
    files.insert(files.end(), other.files.begin(), other.files.end());
}

api_result<kubeconfig> read_kubeconfig(proto_http::runtime& rt, const std::vector<std::string>& files,
                                       std::string_view named_by) {
    kubeconfig merged;
    std::string left_out;
    for (const auto& file : files) {
        auto text = rt.read_file(file, file_size_max);
        if (text.has_error()) {
            left_out +=
                fmt::format("{}{}: {} (named by {})", left_out.empty() ? "" : "; ", file, text.error().message(), named_by);
            continue;
        }
        auto parsed = parse_kubeconfig(*text, file);
        if (parsed.has_error())
            return parsed.error();
        merged.merge(std::move(*parsed));
    }
    if (merged.files.empty())
        return bad_configuration(left_out.empty() ? fmt::format("{} names no file", named_by) : left_out);
    return merged;
}

} // namespace k8s
