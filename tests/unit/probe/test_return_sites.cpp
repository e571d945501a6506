#include "probe/return_sites.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <utility>
#include <vector>

#include "elf_files.hpp"

using namespace sonde;

namespace {

using Places = std::vector<std::pair<std::uint64_t, bool>>;

/// Bytes from the entry, and whether the kernel emulates what is there.
Places sites_of(const elf::Image& image, const std::string& name) {
  const auto functions =
      probe::find_functions(image, [&](std::string_view each) { return each == name; });
  BOOST_REQUIRE_EQUAL(functions.size(), 1u);
  const auto sites = probe::find_return_sites(image, functions.front());
  BOOST_REQUIRE_MESSAGE(sites.has_value(), name);
  Places places;
  for (const probe::Site& site : *sites)
    places.emplace_back(site.from_entry, site.emulated());
  return places;
}

Places sites_of(const std::string& name) {
  return sites_of(test::open_image(HEADS_LIBRARY), name);
}

}  // namespace

// A check that ends the program if it fails is a place, if the result is there already.
BOOST_AUTO_TEST_CASE(check_before_the_return) {
  BOOST_TEST((sites_of("returns_behind_check") == Places{{6, true}}));
}

// Each return has its own place; what does not lead to each return is none.
BOOST_AUTO_TEST_CASE(several_returns) {
  BOOST_TEST((sites_of("returns_on_two_ways") == Places{{8, true}, {13, false}}));
  BOOST_TEST((sites_of("branch_behind_test") == Places{{6, false}}));
}

// The result must be in its register.
BOOST_AUTO_TEST_CASE(result_that_comes_late) {
  BOOST_TEST((sites_of("returns_what_it_wrote_last") == Places{{7, false}}));
}

// A function that may leave to another one cannot be seen to return.
BOOST_AUTO_TEST_CASE(calls_in_tail_position) {
  BOOST_TEST(sites_of("returns_by_another").empty());
  BOOST_TEST(sites_of("without_size").empty());
}
