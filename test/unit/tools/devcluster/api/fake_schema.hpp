#pragma once

#include "tools/devcluster/api/schema.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <map>
#include <memory>
#include <string>

namespace test_support {

/// What strategic merge patches ask of a schema, from a literal: {"key": "name", "strategy": "merge", "items": {...}, "members":
/// {...}, "any": {...}}, all optional; "any" is the schema of members that are not named.
class fake_schema final : public devcluster::schema {
public:
    explicit fake_schema(const boost::json::object& source) {
        if (const auto* key = source.if_contains("key"))
            key_ = key->as_string();
        if (const auto* strategy = source.if_contains("strategy"))
            strategy_ = "," + std::string(strategy->as_string()) + ",";
        if (const auto* items = source.if_contains("items"))
            items_ = std::make_unique<fake_schema>(items->as_object());
        if (const auto* any = source.if_contains("any"))
            any_ = std::make_unique<fake_schema>(any->as_object());
        if (const auto* members = source.if_contains("members"))
            for (const auto& member : members->as_object())
                members_.emplace(member.key(), std::make_unique<fake_schema>(member.value().as_object()));
    }

    void apply_defaults(boost::json::object&) const override {}
    std::vector<std::string> prune(boost::json::object&) const override { return {}; }
    std::vector<devcluster::cause> validate(const boost::json::object&) const override { return {}; }
    bool has_validation_rules() const override { return false; }

    const schema* member(std::string_view name) const override {
        const auto found = members_.find(name);
        return found == members_.end() ? any_.get() : found->second.get();
    }
    const schema* items() const override { return items_.get(); }
    std::string_view merge_key() const override { return key_; }
    bool has_patch_strategy(std::string_view word) const override {
        return strategy_.find("," + std::string(word) + ",") != std::string::npos;
    }

private:
    std::string key_;
    std::string strategy_;
    std::unique_ptr<fake_schema> items_;
    std::unique_ptr<fake_schema> any_;
    std::map<std::string, std::unique_ptr<fake_schema>, std::less<>> members_;
};

/// As much of v1 PodTemplate as the tests touch.
inline const fake_schema& pod_template_schema() {
    static const fake_schema made(boost::json::parse(R"({"members": {
        "metadata": {"members": {
            "finalizers": {"strategy": "merge", "items": {}},
            "ownerReferences": {"strategy": "merge", "key": "uid", "items": {}},
            "labels": {"any": {}}, "annotations": {"any": {}}}},
        "template": {"members": {"spec": {"members": {
            "containers": {"strategy": "merge", "key": "name", "items": {"members": {
                "ports": {"strategy": "merge", "key": "containerPort", "items": {}},
                "env": {"strategy": "merge", "key": "name", "items": {}},
                "args": {"items": {}}}}},
            "initContainers": {"strategy": "merge", "key": "name", "items": {}},
            "volumes": {"strategy": "merge,retainKeys", "key": "name", "items": {"members": {"emptyDir": {}, "configMap": {}}}},
            "imagePullSecrets": {"strategy": "merge", "key": "name", "items": {}},
            "hostAliases": {"strategy": "merge", "key": "ip", "items": {}},
            "topologySpreadConstraints": {"strategy": "merge", "key": "topologyKey", "items": {}},
            "tolerations": {"items": {}},
            "nodeSelector": {"any": {}}}}}}}})")
                                      .as_object());
    return made;
}

} // namespace test_support
