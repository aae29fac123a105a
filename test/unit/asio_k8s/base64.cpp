#include "asio_k8s/base64.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(k8s_base64)

BOOST_AUTO_TEST_CASE(the_vectors_of_rfc_4648_go_both_ways) {
    const std::pair<const char*, const char*> table[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
    for (auto [plain, encoded] : table) {
        BOOST_TEST(k8s::base64_encode(plain) == encoded);
        auto decoded = k8s::base64_decode(encoded);
        BOOST_REQUIRE(decoded.has_value());
        BOOST_TEST(*decoded == plain);
    }
}

BOOST_AUTO_TEST_CASE(every_byte_survives) {
    std::string bytes;
    for (int i = 0; i < 256; ++i)
        bytes.push_back(static_cast<char>(i));
    BOOST_TEST((k8s::base64_decode(k8s::base64_encode(bytes)) == bytes));
}

BOOST_AUTO_TEST_CASE(line_breaks_are_skipped) {
    BOOST_TEST((k8s::base64_decode("Zm9v\r\nYg=\n=\n") == "foob"));
}

BOOST_AUTO_TEST_CASE(anything_else_is_refused) {
    for (auto text :
         {"Zg", "Zg=", "Z", "Z===", "=", "====", "Zg==Zg==", "Zm9v=", "Zm9v====", "Zm 9v", "Zm9-", "Zm9_", "Zg==x", "\xFFm9v"})
        BOOST_TEST(!k8s::base64_decode(text).has_value(), text);
}

BOOST_AUTO_TEST_SUITE_END()
