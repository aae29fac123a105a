#define BOOST_TEST_MODULE kuberhealthy
#include <boost/test/unit_test.hpp>
