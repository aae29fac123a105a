#include "tools/devcluster/api/metadata_validation.hpp"
#include "tools/devcluster/api/pattern.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace devcluster;

namespace {

/// Every text of at most four of the characters that the shapes tell apart, and two that they do not know.
std::vector<std::string> short_texts() {
    constexpr std::string_view characters = "a0A-_. \xC3";
    std::vector<std::string> all{""};
    for (std::size_t begin = 0, length = 1; length <= 4; ++length)
        for (auto end = all.size(); begin < end; ++begin)
            for (auto one : characters)
                all.push_back(all[begin] + one);
    return all;
}

struct shape {
    std::string_view pattern; ///< of k8s.io/apimachinery/pkg/util/validation
    std::vector<std::string> (*wrong)(std::string_view);
};

const shape shapes[] = {
    {"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", wrong_dns_label},
    {"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", wrong_dns_subdomain},
    {"^[a-z]([-a-z0-9]*[a-z0-9])?$", wrong_dns_1035_label},
    {"^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$", wrong_qualified_name},
    {"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$", wrong_label_value},
};

} // namespace

BOOST_AUTO_TEST_SUITE(name_validation)

BOOST_AUTO_TEST_CASE(a_name_is_taken_where_it_has_the_shape_that_its_refusal_tells) {
    const auto texts = short_texts();
    BOOST_TEST_REQUIRE(texts.size() == 1U + 8 + 64 + 512 + 4096);
    for (const auto& [source, wrong] : shapes) {
        pattern expected(source);
        for (const auto& text : texts)
            BOOST_TEST(wrong(text).empty() == expected.matches(text), source << " and '" << text << "'");
    }
}

BOOST_AUTO_TEST_CASE(a_key_of_a_config_map_is_no_way_out_of_its_folder) {
    pattern expected("^[-._a-zA-Z0-9]+$");
    for (const auto& text : short_texts())
        BOOST_TEST(wrong_config_key(text).empty() == (expected.matches(text) && text != "." && !text.starts_with("..")), text);
}

BOOST_AUTO_TEST_SUITE_END()
