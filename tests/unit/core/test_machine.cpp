#include <boost/test/unit_test.hpp>
#include <vector>

#include "core/machine.hpp"

using sonde::core::parse_cpu_list;

// The kernel's lists of CPUs, with holes where CPUs are offline.
BOOST_AUTO_TEST_CASE(cpu_lists) {
  BOOST_TEST(parse_cpu_list("0\n") == (std::vector<int>{0}));
  BOOST_TEST(parse_cpu_list("0-3\n") == (std::vector<int>{0, 1, 2, 3}));
  BOOST_TEST(parse_cpu_list("0,2-3,7") == (std::vector<int>{0, 2, 3, 7}));
}

// A list that is not one gives nothing rather than something.
BOOST_AUTO_TEST_CASE(malformed_cpu_lists) {
  for (const char* text : {"", "\n", "a", "3-1", "-1", "0-", "0;1", "0-99999999"}) {
    BOOST_TEST(parse_cpu_list(text).empty(), text);
  }
}
