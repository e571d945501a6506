#include "report/rest.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using sonde::Stack;
using sonde::StackProfile;
using sonde::report::fold_rest;

namespace {

Stack stack(std::uint64_t bytes, const char* cause) {
  Stack made;
  made.pid = 7;
  made.frames = {0};
  made.values = {bytes, 1};
  made.details = {std::string(cause)};
  return made;
}

StackProfile profile() {
  StackProfile made;
  made.frames.push_back({.name = "f"});
  made.stacks = {stack(50, "fault"), stack(40, "read"), stack(30, "fault"), stack(20, "read"),
                 stack(10, "fault")};
  return made;
}

}  // namespace

// A profile within the bound stays as it is.
BOOST_AUTO_TEST_CASE(few_stacks_stay) {
  StackProfile few = profile();
  fold_rest(few, 5);
  BOOST_TEST(few.stacks.size() == 5u);
  BOOST_TEST(few.frames.size() == 1u);
}

// What is left out is one stack for each combination of details: sums are the same, and it is in
// its place by size.
BOOST_AUTO_TEST_CASE(the_rest_is_added_up_by_details) {
  StackProfile many = profile();
  fold_rest(many, 2);
  BOOST_REQUIRE(many.stacks.size() == 4u);
  const Stack& faults = many.stacks[2];
  BOOST_TEST(faults.pid == 0);
  BOOST_TEST((faults.values == std::vector<std::uint64_t>{40, 2}));
  BOOST_TEST(std::get<std::string>(faults.details.at(0)) == "fault");
  BOOST_TEST(many.frames.at(faults.frames.at(0)).name == "[other stacks]");
  BOOST_TEST((many.stacks[3].values == std::vector<std::uint64_t>{20, 1}));
}

// Without details it is one stack.
BOOST_AUTO_TEST_CASE(the_rest_is_one_stack_without_details) {
  StackProfile many = profile();
  for (Stack& each : many.stacks)
    each.details.clear();
  fold_rest(many, 1);
  BOOST_REQUIRE(many.stacks.size() == 2u);
  BOOST_TEST((many.stacks[0].values == std::vector<std::uint64_t>{100, 4}));
}
