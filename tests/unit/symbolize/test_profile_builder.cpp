#include <boost/test/unit_test.hpp>

#include "symbolize/profile_builder.hpp"

using namespace sonde;
using symbolize::ProfileBuilder;

namespace {

Stack stack(std::int32_t pid, const char* comm, std::vector<std::uint32_t> frames,
            std::vector<std::uint64_t> values) {
  return {pid, pid, comm, std::move(frames), std::move(values)};
}

Frame frame(const char* name, std::uint64_t address = 0) {
  return {name, kNoModule, FrameKind::user, address};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(profile_builder)

// A frame is kept once; another address, module or kind makes it another one.
BOOST_AUTO_TEST_CASE(frames_are_unique) {
  ProfileBuilder builder;
  const std::uint32_t a = builder.frame(frame("f", 1));
  BOOST_TEST(builder.frame(frame("f", 1)) == a);
  BOOST_TEST(builder.frame(frame("f", 2)) != a);
  BOOST_TEST(builder.frame({"f", 0, FrameKind::user, 1}) != a);
  BOOST_TEST(builder.frame({"f", kNoModule, FrameKind::jit, 1}) != a);
  BOOST_TEST(builder.module("/a", "id") == builder.module("/a", "id"));
  BOOST_TEST(builder.module("/a", "id") != builder.module("/a", "other"));
  const StackProfile profile = builder.finish();
  BOOST_TEST(profile.frames.size() == 4u);
  BOOST_TEST(profile.modules.size() == 2u);
}

// Equal stacks are summed value by value; another thread, command or frame keeps them apart.
BOOST_AUTO_TEST_CASE(equal_stacks_are_summed) {
  ProfileBuilder builder;
  const std::uint32_t f = builder.frame(frame("f"));
  const std::uint32_t g = builder.frame(frame("g"));
  builder.add(stack(1, "c", {f, g}, {1, 10}));
  builder.add(stack(1, "c", {f, g}, {2, 20}));
  builder.add(stack(2, "c", {f, g}, {4, 40}));
  builder.add(stack(1, "d", {f, g}, {5, 50}));
  builder.add(stack(1, "c", {g, f}, {6, 60}));
  const StackProfile profile = builder.finish();
  BOOST_REQUIRE_EQUAL(profile.stacks.size(), 4u);
  BOOST_TEST(profile.stacks[3].values == (std::vector<std::uint64_t>{3, 30}));
}

// Other details keep equal stacks apart.
BOOST_AUTO_TEST_CASE(details_tell_stacks_apart) {
  ProfileBuilder builder;
  const std::uint32_t f = builder.frame(frame("f"));
  for (const bool grows : {true, false, true}) {
    Stack added = stack(1, "c", {f}, {1});
    added.details = {grows};
    builder.add(std::move(added));
  }
  const StackProfile profile = builder.finish();
  BOOST_REQUIRE_EQUAL(profile.stacks.size(), 2u);
  BOOST_TEST(profile.stacks[0].values == std::vector<std::uint64_t>{2});
  BOOST_TEST((profile.stacks[0].details == std::vector<Value>{true}));
}

// Largest first, ties by command, pid and names, so that the order of the input does not show.
BOOST_AUTO_TEST_CASE(order_does_not_depend_on_input) {
  const auto build = [](bool reversed) {
    ProfileBuilder builder;
    const std::uint32_t first = builder.frame(frame(reversed ? "g" : "f"));
    const std::uint32_t second = builder.frame(frame(reversed ? "f" : "g"));
    const std::uint32_t f = reversed ? second : first;
    const std::uint32_t g = reversed ? first : second;
    std::vector<Stack> stacks = {stack(1, "b", {f}, {5}), stack(2, "a", {f}, {5}),
                                 stack(1, "a", {g}, {5}), stack(1, "a", {f}, {5}),
                                 stack(9, "z", {f}, {7})};
    if (reversed) std::reverse(stacks.begin(), stacks.end());
    for (Stack& s : stacks)
      builder.add(std::move(s));
    const StackProfile profile = builder.finish();
    std::string order;
    for (const Stack& s : profile.stacks) {
      order += s.comm + std::to_string(s.pid) + profile.frames[s.frames[0]].name + " ";
    }
    return order;
  };
  BOOST_TEST(build(false) == "z9f a1f a1g a2f b1f ");
  BOOST_TEST(build(true) == "z9f a1f a1g a2f b1f ");
}

BOOST_AUTO_TEST_SUITE_END()
