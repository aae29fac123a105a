#include "tools/devcluster/api/resource_type.hpp"

#include <algorithm>

namespace devcluster {

void registry::add(type_ptr type) {
    types_.push_back(std::move(type));
}

void registry::remove(std::string_view group, std::string_view plural) {
    std::erase_if(types_, [&](const type_ptr& type) { return type->group == group && type->plural == plural; });
}

type_ptr registry::find(std::string_view group, std::string_view version, std::string_view plural) const {
    auto at = std::find_if(types_.begin(), types_.end(), [&](const type_ptr& type) {
        return type->plural == plural && type->group == group && type->version == version;
    });
    return at == types_.end() ? nullptr : *at;
}

type_ptr registry::find_kind(std::string_view api_version, std::string_view kind) const {
    auto slash = api_version.find('/');
    auto group = slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
    type_ptr found;
    for (const auto& type : types_) {
        if (type->kind != kind || type->group != group)
            continue;
        if (!found || type->api_version() == api_version)
            found = type;
    }
    return found;
}

bool registry::has_version(std::string_view group, std::string_view version) const {
    return std::any_of(types_.begin(), types_.end(),
                       [&](const type_ptr& type) { return type->group == group && type->version == version; });
}

bool registry::is_custom(std::string_view group) const {
    return std::any_of(types_.begin(), types_.end(),
                       [&](const type_ptr& type) { return type->group == group && type->is_custom; });
}

} // namespace devcluster
