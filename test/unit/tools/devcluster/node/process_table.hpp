#pragma once

#include <poll.h>
#include <sys/types.h>

#include <charconv>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

// What runs on this machine, read from /proc: for tests of processes that nobody of ours is the parent of.

namespace test_support {

inline std::string file_text(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
}

inline std::vector<pid_t> all_processes() {
    std::vector<pid_t> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        auto name = entry.path().filename().string();
        pid_t pid = 0;
        if (std::from_chars(name.data(), name.data() + name.size(), pid).ec == std::errc())
            found.push_back(pid);
    }
    return found;
}

/// How many sleeps have that argument. Those that have ended and were not waited for have none.
inline std::size_t count_processes(const std::string& argument) {
    std::size_t count = 0;
    for (auto pid : all_processes())
        count += file_text("/proc/" + std::to_string(pid) + "/cmdline") == std::string("sleep\0", 6) + argument + '\0' ? 1 : 0;
    return count;
}

/// The children of a process that have that name.
inline std::vector<pid_t> processes_of_parent(pid_t parent, const std::string& name) {
    std::vector<pid_t> found;
    for (auto pid : all_processes()) {
        auto text = file_text("/proc/" + std::to_string(pid) + "/stat");
        if (text.find("(" + name + ") ") != std::string::npos &&
            text.find(" " + std::to_string(parent) + " ") != std::string::npos)
            found.push_back(pid);
    }
    return found;
}

/// Looks again and again; the bound only ends a broken test.
inline bool poll_until(const std::function<bool()>& done) {
    for (int looks = 0; !done(); ++looks) {
        if (looks == 2000)
            return false;
        ::poll(nullptr, 0, 10);
    }
    return true;
}

} // namespace test_support
