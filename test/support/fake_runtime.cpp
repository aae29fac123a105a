#include "support/fake_runtime.hpp"

#include "proto_http/error.hpp"

namespace test_support {

using namespace proto_http;

fake_runtime::fake_runtime() : manual_runtime(context) {
    wall_base = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) - now().time_since_epoch();
}

result<std::string> fake_runtime::read_file(const std::string& path, std::size_t size_max) {
    files_read.push_back(path);
    return manual_runtime::read_file(path, size_max);
}

fake_runtime::running fake_runtime::run(command what) {
    if (on_child)
        return on_child(std::move(what));
    return manual_runtime::run(std::move(what));
}

void fake_runtime::drive(const std::function<bool()>& is_done) {
    run_until([&] { return is_done && is_done(); }, std::chrono::hours(10'000));
}

} // namespace test_support
