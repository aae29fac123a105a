#include "controller/core/run_id.hpp"

#include "proto_http/mutation.hpp"

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid.hpp>
#include <boost/uuid/uuid_io.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace kh::core {

namespace {

/// The namespace of all run ids; drawn once, for ever.
constexpr boost::uuids::uuid run_namespace{
    {0x5e, 0x0a, 0x61, 0x9c, 0x2d, 0x7f, 0x4b, 0x0e, 0x9a, 0x35, 0xc4, 0x11, 0x86, 0xd2, 0x7b, 0xf3}};

} // namespace

std::string run_id(std::string_view check_uid, unix_seconds slot, int attempt) {
    return to_string(boost::uuids::name_generator_sha1(run_namespace)(fmt::format("{}/{}/{}", check_uid, slot, attempt)));
}

std::string pod_name(const check_key& key, workload kind, unix_seconds slot, int attempt) {
    std::string name = fmt::format("{}-{}", key.name, slot);
    if (kind == workload::job)
        name += "-j";
    if (KH_MUTATION(two_pods_for_one_slot)) {
        static unsigned creates = 0;
        name += fmt::format("-{}", ++creates);
    }
    if (attempt > 0)
        name += fmt::format("-r{}", attempt);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return name;
}

} // namespace kh::core
