#include "tools/devcluster/check/run_contract.hpp"
#include "fuzz/fuzz_input.hpp"
#include "support/manual_runtime.hpp"

// What a checker is told: URL, UUID and deadline.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static boost::asio::io_context context;
    test_support::manual_runtime rt(context);
    fuzz::input in(data, size);
    for (auto name : {"KH_CHECK_RUN_DEADLINE", "KH_REPORTING_URL", "KH_RUN_UUID"})
        rt.variables[name] = in.next();
    auto read = devcluster::read_run_contract(rt);
    fuzz::require(!read.has_reporter() || read.deadline != proto_http::never, "who reports does it in time");
    fuzz::require(devcluster::test_limit(rt, read) <= read.deadline, "the test ends before the deadline");
    return 0;
}
