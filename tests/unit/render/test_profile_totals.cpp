#include <boost/test/unit_test.hpp>

#include "render/profile_totals.hpp"

namespace {

sonde::Stack stack(std::int32_t pid, std::vector<std::uint32_t> frames, std::uint64_t bytes) {
  sonde::Stack made;
  made.pid = pid;
  made.frames = std::move(frames);
  made.values = {bytes};
  return made;
}

sonde::StackProfile profile_of(std::vector<const char*> functions,
                               std::vector<sonde::Stack> stacks) {
  sonde::StackProfile profile;
  for (const char* name : functions)
    profile.frames.emplace_back().name = name;
  profile.stacks = std::move(stacks);
  return profile;
}

}  // namespace

// Stacks through the same functions are one, at whatever addresses and in whatever process.
BOOST_AUTO_TEST_CASE(stacks_are_added_up_by_their_functions) {
  const auto profile = profile_of({"malloc", "make", "make", "main"},
                                  {stack(1, {0, 1, 3}, 30), stack(1, {0, 2, 3}, 20),
                                   stack(2, {0, 1, 3}, 5), stack(2, {3}, 40)});
  const auto [stacks, all] = sonde::render::largest_stacks(profile, 10);
  BOOST_TEST(all == 2u);
  BOOST_REQUIRE(stacks.size() == 2u);
  const std::vector<std::string_view> made = {"malloc", "make", "main"};
  BOOST_TEST(stacks[0].functions == made, boost::test_tools::per_element());
  BOOST_TEST(stacks[0].value == 55u);
  BOOST_TEST(stacks[1].value == 40u);
}

// Only the largest are given; what has no frames is there under a name.
BOOST_AUTO_TEST_CASE(the_largest_stacks_are_given) {
  const auto profile =
      profile_of({"a", "b"}, {stack(1, {0}, 1), stack(1, {}, 3), stack(1, {1}, 2)});
  const auto [stacks, all] = sonde::render::largest_stacks(profile, 2);
  BOOST_TEST(all == 3u);
  BOOST_REQUIRE(stacks.size() == 2u);
  BOOST_TEST(stacks[0].functions.front() == sonde::render::kNoStack);
  BOOST_TEST(stacks[1].functions.front() == "b");
}
