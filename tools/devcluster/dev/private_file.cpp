#include "tools/devcluster/dev/private_file.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace devcluster {

namespace {

std::string problem(const std::string& path) {
    return fmt::format("{}: {}", path, std::strerror(errno));
}

} // namespace

std::string write_private_file(const std::string& path, std::string_view content) {
    // Under another name first: a reader never sees half of it.
    auto fresh = path + ".new";
    ::unlink(fresh.c_str());
    int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        return problem(fresh);
    std::string wrong;
    while (!content.empty() && wrong.empty()) {
        auto size = ::write(file, content.data(), content.size());
        if (size < 0 && errno != EINTR)
            wrong = problem(fresh);
        else if (size > 0)
            content.remove_prefix(static_cast<std::size_t>(size));
    }
    ::close(file);
    if (wrong.empty() && std::rename(fresh.c_str(), path.c_str()) != 0)
        wrong = problem(path);
    return wrong;
}

std::string make_private_folder(const std::string& path) {
    std::error_code error;
    auto above = std::filesystem::path(path).parent_path();
    if (!above.empty())
        std::filesystem::create_directories(above, error);
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
        return problem(path);
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0)
        return problem(path);
    if (!S_ISDIR(found.st_mode))
        return path + ": is no folder";
    if (found.st_uid != ::geteuid())
        return path + ": belongs to another user";
    return {};
}

std::string runtime_folder(const std::string& xdg_runtime_dir, const std::string& name) {
    return xdg_runtime_dir.empty() ? fmt::format("/tmp/{}-{}", name, ::geteuid()) : xdg_runtime_dir + '/' + name;
}

} // namespace devcluster
