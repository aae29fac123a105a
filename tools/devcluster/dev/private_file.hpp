#pragma once

#include <string>
#include <string_view>

// Files that only this user may read: keys, tokens, kubeconfigs.

namespace devcluster {

/// Replaces the file as a whole. An empty text, or what went wrong and where.
std::string write_private_file(const std::string& path, std::string_view content);

/// Makes the folder, and those above it. One that exists must be this user's. An empty text, or what went wrong.
std::string make_private_folder(const std::string& path);

/// A folder for what lives as long as the process: $XDG_RUNTIME_DIR/NAME, else /tmp/NAME-UID.
std::string runtime_folder(const std::string& xdg_runtime_dir, const std::string& name);

} // namespace devcluster
