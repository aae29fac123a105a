#pragma once

#include <boost/json/fwd.hpp>
#include <boost/system/result.hpp>

#include <compare>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The environment, command and arguments of a container, as kubelet makes them of its spec. Pure: what is to be read from the API
// server is asked for first and then given.

namespace devcluster {

/// In order; a name is in it once.
class environment {
public:
    void set(std::string_view name, std::string value);
    void set_all(const environment& others);
    const std::string* find(std::string_view name) const;
    /// "NAME=value".
    std::vector<std::string> lines() const;

private:
    std::vector<std::pair<std::string, std::string>> variables_;
};

/// A ConfigMap or Secret of the pod's namespace.
struct config_reference {
    bool is_secret = false;
    std::string name;

    auto operator<=>(const config_reference&) const = default;
};

/// Its data, decoded; nothing where it does not exist.
using config_data = std::map<config_reference, std::optional<std::map<std::string, std::string>>>;

/// Those that the container's env and envFrom name.
std::vector<config_reference> config_references(const boost::json::object& container);

/// The data of a ConfigMap or Secret object.
std::map<std::string, std::string> data_of(const config_reference& what, const boost::json::object& object);

/// The variables of the container's envFrom and env. Errors: what kubelet shows with CreateContainerConfigError: 'secret "s" not
/// found', "couldn't find key k in ConfigMap ns/c".
boost::system::result<environment, std::string> make_environment(const boost::json::object& container,
                                                                 const boost::json::object& pod, const config_data& data,
                                                                 std::string_view host_ip);

/// $(NAME) becomes the variable's value, if there is such a variable; $$ is a $.
std::string expand_variables(std::string_view text, const environment& from);

/// A list of texts of the container ("command", "args"), expanded.
std::vector<std::string> expanded_texts(const boost::json::object& container, std::string_view list, const environment& from);

} // namespace devcluster
