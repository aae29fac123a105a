#pragma once

#include "proto_http/runtime.hpp"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <CLI/CLI.hpp>
#pragma GCC diagnostic pop

#include <functional>
#include <string>
#include <utility>
#include <vector>

// Flags that an environment variable can stand in for. For command_line.cpp only: CLI11 is large.

namespace devcluster {

/// Keeps a text of a flag ("true" for a switch). Returns what is wrong with it, or an empty text.
using flag_reader = std::function<std::string(const std::string&)>;

enum class flag_kind { single, list, on_off };

struct flag {
    std::string name;
    std::string type; ///< of its text, for the help
    std::string about;
    flag_reader read;
    std::vector<std::string> variables; ///< that stand in for it, the first that is set
    flag_kind kind = flag_kind::single;
};

/// The flags of one subcommand. It must outlive the parse; so must what the readers write to.
class flag_set {
public:
    explicit flag_set(CLI::App& on) : on_(on) {}

    void add(flag added);

    /// For the flags that were not given. Returns what is wrong with a variable, or an empty text.
    std::string read_environment(proto_http::runtime& rt) const;

private:
    CLI::App& on_;
    std::vector<std::pair<CLI::Option*, flag>> flags_;
};

flag_reader read_text(std::string& to);
flag_reader read_texts(std::vector<std::string>& to);
/// "10s", "1m30s"; a number alone is seconds. Not negative.
flag_reader read_time(proto_http::duration& to);
flag_reader read_number(unsigned& to, unsigned least, unsigned most);
/// As Go's strconv.ParseBool, which v2's checks use.
flag_reader read_bool(bool& to);

} // namespace devcluster
