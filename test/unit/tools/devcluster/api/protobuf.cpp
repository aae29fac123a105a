#include "tools/devcluster/api/protobuf.hpp"

#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

using namespace devcluster;
namespace json = boost::json;

namespace {

std::string varint(std::uint64_t value) {
    std::string made;
    for (; value >= 0x80; value >>= 7)
        made += static_cast<char>(0x80 | (value & 0x7F));
    return made + static_cast<char>(value);
}
std::string bytes_field(std::uint64_t number, const std::string& bytes) {
    return varint(number << 3 | 2) + varint(bytes.size()) + bytes;
}
std::string number_field(std::uint64_t number, std::uint64_t value) {
    return varint(number << 3) + varint(value);
}
std::string body(const std::string& version, const std::string& kind, const std::string& raw) {
    return std::string("k8s\0", 4) + bytes_field(1, bytes_field(1, version) + bytes_field(2, kind)) + bytes_field(2, raw) +
           bytes_field(3, "") + bytes_field(4, "");
}
std::string parsed(const std::string& bytes) {
    auto made = parse_protobuf(bytes);
    return made ? json::serialize(*made) : "error " + std::to_string(made.error().code);
}

/// As Go writes it: empty texts and a zero creationTimestamp are there too.
const std::string metadata =
    bytes_field(1, bytes_field(1, "one") + bytes_field(2, "") + bytes_field(3, "team") + bytes_field(5, "") + number_field(7, 0) +
                       bytes_field(8, "") + bytes_field(11, bytes_field(1, "a") + bytes_field(2, "b")) + bytes_field(14, "x/y"));

} // namespace

BOOST_AUTO_TEST_SUITE(protobuf_suite)

BOOST_AUTO_TEST_CASE(the_kinds_that_kubectl_sends_become_their_json) {
    BOOST_TEST(
        parsed(body("v1", "ConfigMap",
                    metadata + bytes_field(2, bytes_field(1, "k") + bytes_field(2, "v")) +
                        bytes_field(3, bytes_field(1, "bin") + bytes_field(2, std::string("\0\1", 2))) + number_field(4, 0))) ==
        R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one","namespace":"team","labels":{"a":"b"},)"
        R"("finalizers":["x/y"]},"data":{"k":"v"},"binaryData":{"bin":"AAE="},"immutable":false})");
    BOOST_TEST(parsed(body("v1", "Secret",
                           metadata + bytes_field(2, bytes_field(1, "k") + bytes_field(2, "v")) + bytes_field(3, "t"))) ==
               R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"one","namespace":"team","labels":{"a":"b"},)"
               R"("finalizers":["x/y"]},"data":{"k":"dg=="},"type":"t"})");
    BOOST_TEST(
        parsed(body("v1", "Namespace", bytes_field(1, bytes_field(1, "team")) + bytes_field(2, "") + bytes_field(3, ""))) ==
        R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"team"}})");
}

BOOST_AUTO_TEST_CASE(texts_are_utf_8_whatever_was_sent) {
    auto bad = bytes_field(1, "\xFF") + bytes_field(14, "a\xFE");
    auto entry = bytes_field(1, "k\xFF") + bytes_field(2, "\xFEv");
    BOOST_TEST(parsed(body("v1", "ConfigMap", bytes_field(1, bad) + bytes_field(2, entry))) ==
               "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"\uFFFD\",\"finalizers\":[\"a\uFFFD\"]},"
               "\"data\":{\"k\uFFFD\":\"\uFFFDv\"}}");
}

BOOST_AUTO_TEST_CASE(times_and_numbers_that_are_pointers_are_kept) {
    auto spec = bytes_field(1, "me") + number_field(2, 15) +
                bytes_field(4, number_field(1, 1'700'000'000) + number_field(2, 5'000)) + number_field(5, 0);
    BOOST_TEST(parsed(body("coordination.k8s.io/v1", "Lease", bytes_field(2, spec))) ==
               R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","spec":{"holderIdentity":"me","leaseDurationSeconds":15,)"
               R"("renewTime":"2023-11-14T22:13:20.000005Z","leaseTransitions":0}})");
    BOOST_TEST(parsed(body("v1", "DeleteOptions",
                           number_field(1, 0) + bytes_field(2, bytes_field(1, "uid")) + bytes_field(4, "Foreground") +
                               bytes_field(5, "All"))) ==
               R"({"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":0,"preconditions":{"uid":"uid"},)"
               R"("propagationPolicy":"Foreground","dryRun":["All"]})");
}

BOOST_AUTO_TEST_CASE(what_is_no_such_body_is_refused) {
    BOOST_TEST(parsed("") == "error 400");
    BOOST_TEST(parsed("{}") == "error 400");
    BOOST_TEST(parsed(body("v1", "Pod", metadata)) == "error 415");
    BOOST_TEST(parsed(std::string("k8s\0", 4)) == "error 400");
}

BOOST_AUTO_TEST_CASE(a_body_that_is_cut_anywhere_or_has_a_byte_changed_is_read_within_its_bounds) {
    auto whole = body("v1", "ConfigMap", metadata + bytes_field(2, bytes_field(1, "k") + bytes_field(2, "v")));
    for (std::size_t size = 0; size < whole.size(); ++size)
        (void)parsed(whole.substr(0, size));
    for (std::size_t at = 0; at < whole.size(); ++at)
        for (int value : {0, 1, 0x7F, 0x80, 0xFF}) {
            auto changed = whole;
            changed[at] = static_cast<char>(value);
            (void)parsed(changed);
        }
    BOOST_TEST(parsed(whole.substr(0, 30)).starts_with("error"));
}

BOOST_AUTO_TEST_SUITE_END()
