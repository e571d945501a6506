#include "probe/site.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

#include "elf_files.hpp"

namespace {

using namespace sonde;

probe::Function function(const elf::Image& image, const std::string& name) {
  const auto found =
      probe::find_functions(image, [&](std::string_view each) { return each == name; });
  BOOST_REQUIRE_EQUAL(found.size(), 1u);
  return found.front();
}

probe::Site site(const std::string& name, const probe::SiteNeeds& needs) {
  const elf::Image image = test::open_image(HEADS_LIBRARY);
  const auto found = probe::find_site(image, function(image, name), needs);
  BOOST_REQUIRE_MESSAGE(found.has_value(), name);
  return *found;
}

void expect(const std::string& name, const probe::SiteNeeds& needs, std::uint64_t from_entry,
            probe::SiteKind kind) {
  BOOST_TEST_CONTEXT(name) {
    const probe::Site found = site(name, needs);
    BOOST_TEST(found.from_entry == from_entry);
    BOOST_TEST((found.kind == kind));
  }
}

using probe::SiteKind;

}  // namespace

// The first instruction that the kernel emulates is chosen, with what the probe needs intact.
BOOST_AUTO_TEST_CASE(emulated_instructions) {
  expect("push_at_entry", {}, 0, SiteKind::push);
  expect("branch_behind_test", {}, 3, SiteKind::branch);
  expect("tail_call_by_slot", {}, 2, SiteKind::push);
  expect("stepped_only", {}, 0, SiteKind::stepped);
}

// An argument that is overwritten matters only if it is needed; a part of a register is the
// register.
BOOST_AUTO_TEST_CASE(arguments) {
  expect("overwrites_second", {6, false}, 0, SiteKind::stepped);
  expect("overwrites_second", {1, false}, 3, SiteKind::push);
  expect("overwrites_part_of_first", {1, false}, 0, SiteKind::stepped);
  expect("overwrites_part_of_first", {0, false}, 3, SiteKind::push);
}

// Without a number of arguments, what the function overwrites before it reads it is no argument.
BOOST_AUTO_TEST_CASE(arguments_that_are_used) {
  expect("overwrites_second", {}, 3, SiteKind::push);
  expect("uses_before_overwriting", {}, 0, SiteKind::stepped);
  expect("uses_while_overwriting", {}, 0, SiteKind::stepped);
  expect("uses_what_it_wrote", {}, 9, SiteKind::push);
  expect("overwrites_part_of_first", {}, 0, SiteKind::stepped);
}

// A return probe is only placed where rsp still points to the return address.
BOOST_AUTO_TEST_CASE(return_address) {
  expect("moves_stack", {6, false}, 4, SiteKind::push);
  BOOST_TEST(site("moves_stack", {6, false}).stack_depth == 24);
  expect("moves_stack", {6, true}, 0, SiteKind::stepped);
}

// The instruction behind the first serves as a second one if it is emulated and reached as often.
BOOST_AUTO_TEST_CASE(second_site) {
  const elf::Image image = test::open_image(HEADS_LIBRARY);
  const auto second = [&](const std::string& name) {
    return probe::find_second_site(image, function(image, name), site(name, {}));
  };
  BOOST_REQUIRE(second("pushes_twice").has_value());
  BOOST_TEST(second("pushes_twice")->from_entry == 2);
  BOOST_TEST(second("pushes_twice")->stack_depth == 8);
  BOOST_TEST(second("pushes_twice")->file_offset == site("pushes_twice", {}).file_offset + 2);
  BOOST_TEST(!second("loops_to_second_push").has_value());
  BOOST_TEST(!second("push_at_entry").has_value());  // pop is executed in a single step
  BOOST_TEST(!second("branch_behind_test").has_value());
  BOOST_TEST(!second("stepped_only").has_value());
}

// What a jump can reach again is no place to count calls.
BOOST_AUTO_TEST_CASE(jumps_into_the_head) {
  expect("loops_to_push", {}, 0, SiteKind::stepped);
  expect("loops_before_push", {}, 0, SiteKind::stepped);
  expect("computed", {}, 0, SiteKind::stepped);
  expect("entered_from_afar", {}, 0, SiteKind::stepped);
}

// Branches with an operand-size prefix are refused by the kernel's emulation.
BOOST_AUTO_TEST_CASE(refused_prefix) {
  expect("refused_prefix", {}, 0, SiteKind::stepped);
}

// A function whose end is not known is probed at its entry.
BOOST_AUTO_TEST_CASE(unknown_size) {
  expect("without_size", {}, 0, SiteKind::stepped);
}

// A symbol that leads nowhere is an error that names it.
BOOST_AUTO_TEST_CASE(damaged_symbol) {
  const elf::Image image = test::open_image(HEADS_LIBRARY);
  const auto found = probe::find_site(image, {"nowhere", 0x7fff'0000'0000, 16}, {});
  BOOST_TEST_REQUIRE(!found.has_value());
  BOOST_TEST(found.error().message().find("nowhere") != std::string::npos);
}
