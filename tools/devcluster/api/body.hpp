#pragma once

#include "tools/devcluster/api/status.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <vector>

// What a client sent, as JSON: JSON itself, or YAML, which kube-apiserver takes as well.

namespace devcluster {

/// Nesting that is accepted; no manifest comes near it.
inline constexpr std::size_t body_depth_max = 200;

/// Errors: 400 with what is wrong, in the words of the parser.
outcome<boost::json::value> parse_json(std::string_view text);

/// One document; plain scalars are those of YAML 1.1, as Kubernetes reads them (yes, 0x1F, 1_000, ~). Errors: 400.
outcome<boost::json::value> parse_yaml(std::string_view text);

/// Every document of a file with several, those without content left out. JSON files are YAML too. Errors: 400, naming the line.
outcome<std::vector<boost::json::value>> parse_yaml_documents(std::string_view text);

/// A value as a YAML document.
std::string to_yaml(const boost::json::value& value);

/// Paths of members that stand twice in the same object ("spec.a"), as strict field validation tells them. Text that does not
/// parse has none.
std::vector<std::string> duplicate_fields(std::string_view json_text);

/// The same of a YAML document, as Go's parser words it: "line 6: key \"a\" already set in map".
std::vector<std::string> duplicate_yaml_keys(std::string_view yaml);

} // namespace devcluster
