#include "proto_http/message.hpp"

#include "proto_http/ascii.hpp"

namespace proto_http {

std::string_view header_list::get(std::string_view name) const noexcept {
    for (const auto& item : items_)
        if (ascii::equal(item.name, name))
            return item.value;
    return {};
}

bool header_list::has(std::string_view name) const noexcept {
    return std::any_of(items_.begin(), items_.end(), [&](const header& item) { return ascii::equal(item.name, name); });
}

void header_list::add(std::string name, std::string value) {
    items_.push_back(header{std::move(name), std::move(value)});
}

void header_list::set(std::string name, std::string value) {
    std::erase_if(items_, [&](const header& item) { return ascii::equal(item.name, name); });
    add(std::move(name), std::move(value));
}

} // namespace proto_http
