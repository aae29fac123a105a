#include "asio_k8s/lease.hpp"
#include "asio_k8s/lease_election.hpp"
#include "fuzz/fuzz_input.hpp"

namespace {

k8s::election_rules rules() {
    k8s::election_rules made;
    made.identity = "me";
    return made;
}

void check_record(const k8s::lease_record& record) {
    auto created = fuzz::parse_object(k8s::lease_create_body({"ns", "name"}, record));
    auto patched = fuzz::parse_object(k8s::lease_patch_body(record, record.resource_version));
    fuzz::require(created && patched, "what is written is JSON");
    fuzz::require(k8s::parse_lease(*patched) == record, "what is written is read as the same record");
}

/// Writes what is due; whoever wrote last knows the version.
void write_if_due(k8s::lease_election& of, proto_http::time_point now, k8s::lease_election::outcome how) {
    auto attempt = of.due(now, proto_http::wall_time(now.time_since_epoch()));
    if (!attempt)
        return;
    fuzz::require(attempt->record.holder == "me", "it writes itself");
    check_record(attempt->record);
    of.ended(now, how, "7");
}

} // namespace

// Leases of whatever shape, as a watch shows them one after the other, to one who takes part in the election.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using outcome = k8s::lease_election::outcome;
    fuzz::input in(data, size);
    k8s::lease_election election(rules());
    auto now = proto_http::time_point(std::chrono::hours(1));
    for (unsigned i = 0; i < 4 && !in.empty(); ++i) {
        auto object = fuzz::parse_object(in.next());
        std::optional<k8s::lease_record> stored;
        if (object) {
            stored = k8s::parse_lease(*object);
            check_record(*stored);
        }
        election.observed(now, std::move(stored));
        fuzz::require(election.next_due() == proto_http::never || election.next_due() <= now + std::chrono::hours(1),
                      "nobody holds a lease for ever");
        now += std::chrono::seconds(4);
        write_if_due(election, now, i % 3 == 0 ? outcome::written : i % 3 == 1 ? outcome::conflict : outcome::missing);
        fuzz::require(election.leads_until() <= now + rules().renew_deadline, "leadership ends without a renewal");
    }
    return 0;
}
