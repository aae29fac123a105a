#include "tools/devcluster/node/pod_environment.hpp"

#include "asio_k8s/base64.hpp"
#include "asio_k8s/json_access.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace devcluster {

namespace json = boost::json;
using k8s::array_at;
using k8s::object_at;
using k8s::text_at;

namespace {

template <class Use>
void for_each_object(const json::object& in, std::string_view list, Use use) {
    if (const auto* all = array_at(in, list))
        for (const auto& each : *all)
            if (const auto* one = each.if_object())
                use(*one);
}

bool is_optional(const json::object& reference) {
    const auto* value = reference.if_contains("optional");
    return value != nullptr && value->is_bool() && value->get_bool();
}

/// metadata.labels['x'], metadata.annotations['x'].
std::optional<std::string> keyed_field(std::string_view path, const json::object& metadata) {
    for (std::string_view map : {"labels", "annotations"}) {
        auto prefix = fmt::format("metadata.{}['", map);
        if (!path.starts_with(prefix) || !path.ends_with("']"))
            continue;
        path.remove_prefix(prefix.size());
        path.remove_suffix(2);
        const auto* values = object_at(metadata, map);
        return std::string(values == nullptr ? std::string_view() : text_at(*values, path));
    }
    return std::nullopt;
}

std::optional<std::string> pod_field(std::string_view path, const json::object& pod, std::string_view host_ip) {
    static const json::object nothing;
    const auto* metadata = object_at(pod, "metadata");
    const auto* spec = object_at(pod, "spec");
    if (metadata == nullptr || spec == nullptr)
        return std::nullopt;
    for (std::string_view name : {"name", "namespace", "uid"})
        if (path == fmt::format("metadata.{}", name))
            return std::string(text_at(*metadata, name));
    for (std::string_view name : {"nodeName", "serviceAccountName"})
        if (path == fmt::format("spec.{}", name))
            return std::string(text_at(*spec, name));
    if (path == "status.podIP" || path == "status.podIPs" || path == "status.hostIP" || path == "status.hostIPs")
        return std::string(host_ip);
    return keyed_field(path, *metadata);
}

class environment_maker {
public:
    environment_maker(const json::object& pod, const config_data& data, std::string_view host_ip)
        : pod_(pod), data_(data), host_ip_(host_ip) {}

    boost::system::result<environment, std::string> make(const json::object& container) {
        for_each_object(container, "envFrom", [this](const json::object& each) { add_all_of(each); });
        for_each_object(container, "env", [this](const json::object& each) { add(each); });
        if (!error_.empty())
            return error_;
        return std::move(made_);
    }

private:
    /// Null where it is not there; that is an error unless it is optional.
    const std::map<std::string, std::string>* data_of(bool is_secret, const json::object& reference) {
        auto name = text_at(reference, "name");
        auto known = data_.find(config_reference{is_secret, std::string(name)});
        if (known != data_.end() && known->second)
            return &*known->second;
        if (!is_optional(reference))
            fail(fmt::format("{} \"{}\" not found", is_secret ? "secret" : "configmap", name));
        return nullptr;
    }

    void add_all_of(const json::object& source) {
        for (bool is_secret : {false, true}) {
            const auto* reference = object_at(source, is_secret ? "secretRef" : "configMapRef");
            const auto* data = reference == nullptr ? nullptr : data_of(is_secret, *reference);
            if (data == nullptr)
                continue;
            for (const auto& [key, value] : *data)
                made_.set(fmt::format("{}{}", text_at(source, "prefix"), key), value);
        }
    }

    void add(const json::object& variable) {
        auto name = text_at(variable, "name");
        const auto* source = object_at(variable, "valueFrom");
        if (source == nullptr) {
            made_.set(name, expand_variables(text_at(variable, "value"), made_));
        } else if (const auto* field = object_at(*source, "fieldRef")) {
            auto path = text_at(*field, "fieldPath");
            if (auto value = pod_field(path, pod_, host_ip_))
                made_.set(name, std::move(*value));
            else
                fail(fmt::format("unsupported fieldPath: {}", path));
        } else if (const auto* config = object_at(*source, "configMapKeyRef")) {
            add_key(name, false, *config);
        } else if (const auto* secret = object_at(*source, "secretKeyRef")) {
            add_key(name, true, *secret);
        } else {
            fail(fmt::format("the valueFrom of environment variable {} is none that this node knows", name));
        }
    }

    void add_key(std::string_view name, bool is_secret, const json::object& reference) {
        const auto* data = data_of(is_secret, reference);
        if (data == nullptr)
            return;
        std::string key(text_at(reference, "key"));
        auto value = data->find(key);
        if (value != data->end())
            made_.set(name, value->second);
        else if (!is_optional(reference))
            fail(fmt::format("couldn't find key {} in {} {}/{}", key, is_secret ? "Secret" : "ConfigMap",
                             k8s::identity_of(pod_).ns, text_at(reference, "name")));
    }

    void fail(std::string why) {
        if (error_.empty())
            error_ = std::move(why);
    }

    const json::object& pod_;
    const config_data& data_;
    std::string_view host_ip_;
    environment made_;
    std::string error_;
};

} // namespace

void environment::set(std::string_view name, std::string value) {
    auto known = std::find_if(variables_.begin(), variables_.end(), [name](const auto& each) { return each.first == name; });
    if (known != variables_.end())
        known->second = std::move(value);
    else
        variables_.emplace_back(name, std::move(value));
}

void environment::set_all(const environment& others) {
    for (const auto& [name, value] : others.variables_)
        set(name, value);
}

const std::string* environment::find(std::string_view name) const {
    auto known = std::find_if(variables_.begin(), variables_.end(), [name](const auto& each) { return each.first == name; });
    return known == variables_.end() ? nullptr : &known->second;
}

std::vector<std::string> environment::lines() const {
    std::vector<std::string> all;
    all.reserve(variables_.size());
    for (const auto& [name, value] : variables_)
        all.push_back(fmt::format("{}={}", name, value));
    return all;
}

std::vector<config_reference> config_references(const json::object& container) {
    std::vector<config_reference> found;
    auto look = [&found](const json::object& in, std::string_view member, bool is_secret) {
        const auto* reference = object_at(in, member);
        if (reference != nullptr && !text_at(*reference, "name").empty())
            found.push_back(config_reference{is_secret, std::string(text_at(*reference, "name"))});
    };
    for_each_object(container, "envFrom", [&](const json::object& each) {
        look(each, "configMapRef", false);
        look(each, "secretRef", true);
    });
    for_each_object(container, "env", [&](const json::object& each) {
        if (const auto* source = object_at(each, "valueFrom")) {
            look(*source, "configMapKeyRef", false);
            look(*source, "secretKeyRef", true);
        }
    });
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

std::map<std::string, std::string> data_of(const config_reference& what, const json::object& object) {
    std::map<std::string, std::string> found;
    const auto* data = object_at(object, "data");
    if (data == nullptr)
        return found;
    for (const auto& [key, value] : *data) {
        auto text = text_at(*data, key);
        found.emplace(key, what.is_secret ? k8s::base64_decode(text).value_or("") : std::string(text));
    }
    return found;
}

boost::system::result<environment, std::string> make_environment(const json::object& container, const json::object& pod,
                                                                 const config_data& data, std::string_view host_ip) {
    return environment_maker(pod, data, host_ip).make(container);
}

std::string expand_variables(std::string_view text, const environment& from) {
    std::string made;
    while (!text.empty()) {
        auto dollar = std::min(text.find('$'), text.size());
        made += text.substr(0, dollar);
        text.remove_prefix(dollar);
        if (text.empty())
            break;
        auto end = text.starts_with("$(") ? text.find(')') : std::string_view::npos;
        const auto* value = end == std::string_view::npos ? nullptr : from.find(text.substr(2, end - 2));
        std::size_t used = 1;
        if (text.starts_with("$$")) {
            made += '$';
            used = 2;
        } else if (value != nullptr) {
            made += *value;
            used = end + 1;
        } else if (end != std::string_view::npos) {
            made += text.substr(0, end + 1);
            used = end + 1;
        } else {
            made += '$';
        }
        text.remove_prefix(used);
    }
    return made;
}

std::vector<std::string> expanded_texts(const json::object& container, std::string_view list, const environment& from) {
    std::vector<std::string> made;
    if (const auto* all = array_at(container, list))
        for (const auto& each : *all)
            if (const auto* text = each.if_string())
                made.push_back(expand_variables(*text, from));
    return made;
}

} // namespace devcluster
