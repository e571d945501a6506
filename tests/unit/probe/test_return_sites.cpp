#include "probe/return_sites.hpp"

#include <boost/test/unit_test.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "elf_files.hpp"
#include "probe/forwarding.hpp"

using namespace sonde;

namespace {

using Places = std::vector<std::pair<std::uint64_t, bool>>;

probe::Function function_of(const elf::Image& image, const std::string& name) {
  const auto functions =
      probe::find_functions(image, [&](std::string_view each) { return each == name; });
  BOOST_REQUIRE_EQUAL(functions.size(), 1u);
  return functions.front();
}

std::vector<probe::Site> find_sites(const elf::Image& image, const std::string& name,
                                    const probe::FindCode& find_code = {}) {
  const auto sites = probe::find_return_sites(image, function_of(image, name), find_code);
  BOOST_REQUIRE_MESSAGE(sites.has_value(), name);
  return *sites;
}

/// Bytes from the entry, and whether the kernel emulates what is there.
Places sites_of(const std::string& name) {
  Places places;
  for (const probe::Site& site : find_sites(test::open_image(HEADS_LIBRARY), name))
    places.emplace_back(site.from_entry, site.emulated());
  return places;
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

// Where the stack is at a place that comes before the return.
BOOST_AUTO_TEST_CASE(depth_of_the_stack) {
  const auto sites = find_sites(test::open_image(HEADS_LIBRARY), "returns_behind_pop");
  BOOST_TEST_REQUIRE(sites.size() == 1u);
  BOOST_TEST(sites[0].from_entry == 4u);
  BOOST_TEST(sites[0].stack_depth == 8);
}

// The cases of a switch are ways through the function: what one of them leads to is no place for a
// return that others get to.
BOOST_AUTO_TEST_CASE(switch_statement) {
  const elf::Image image = test::open_image(HEADS_LIBRARY);
  const auto sites = find_sites(image, "returns_from_switch");
  BOOST_TEST_REQUIRE(sites.size() == 2u);
  const std::uint64_t size = function_of(image, "returns_from_switch").size;
  BOOST_TEST(sites[1].from_entry == size - 1);
  BOOST_TEST(sites[0].instruction == "ret");
  BOOST_TEST(sites[1].instruction == "ret");
  BOOST_TEST(sites_of("computed").empty());
}

// Code without a symbol is followed if something knows where it ends.
BOOST_AUTO_TEST_CASE(code_of_another) {
  const elf::Image image = test::open_image(HEADS_LIBRARY);
  const probe::Function self = function_of(image, "returns_by_local");
  const std::uint64_t local = self.address + self.size;
  const auto sites = find_sites(image, "returns_by_local", [&](std::uint64_t address) {
    BOOST_TEST(address == local);
    return probe::Function{{}, local, 2};
  });
  BOOST_TEST_REQUIRE(sites.size() == 1u);
  BOOST_TEST(sites[0].address == local);
  BOOST_TEST(sites[0].emulated());
  BOOST_TEST(find_sites(image, "returns_by_local").empty());
}

// What the dynamic linker decides cannot be followed.
BOOST_AUTO_TEST_CASE(leaves_by_the_dynamic_linker) {
  BOOST_TEST(sites_of("returns_or_leaves_by_slot").empty());
  BOOST_TEST(sites_of("forwards_by_stub").empty());
}

// A function that only passes its call on, by both forms of code that compilers write for it.
BOOST_AUTO_TEST_CASE(forwarding) {
  const elf::Image image = test::open_image(HEADS_LIBRARY);
  const auto forwards = [&](const std::string& name) {
    return probe::forwards_to(image, function_of(image, name));
  };
  BOOST_TEST(forwards("forwards_by_stub") == "push_at_entry");
  BOOST_TEST(forwards("forwards_by_slot") == "push_at_entry");
  for (const char* other : {"returns_by_another", "returns_or_leaves_by_slot", "tail_call_by_slot",
                            "computed", "push_at_entry"})
    BOOST_TEST(forwards(other).empty(), other);
}
