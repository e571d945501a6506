#include <boost/test/unit_test.hpp>
#include <numeric>

#include "symbolize/largest_stacks.hpp"
#include "unwind_event.h"

namespace {

using sonde::symbolize::largest_stacks;
using sonde::symbolize::RawStack;

constexpr std::uint64_t kInFile = SONDE_FRAME_IN_FILE;

RawStack stack(int pid, std::vector<std::uint64_t> user, std::uint64_t bytes,
               std::string comm = "cc1") {
  RawStack made;
  made.pid = pid;
  made.tid = pid;
  made.comm = std::move(comm);
  made.user = std::move(user);
  made.values = {bytes, 1};
  return made;
}

std::uint64_t sum(const std::vector<RawStack>& stacks, std::size_t value) {
  return std::accumulate(
      stacks.begin(), stacks.end(), std::uint64_t{0},
      [value](std::uint64_t before, const RawStack& s) { return before + s.values.at(value); });
}

const RawStack& only(const std::vector<RawStack>& stacks, const auto& is_it) {
  BOOST_REQUIRE(std::ranges::count_if(stacks, is_it) == 1);
  return *std::ranges::find_if(stacks, is_it);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(largest_stacks_of)

// What fits is left alone, in its order.
BOOST_AUTO_TEST_CASE(few_stacks_stay) {
  const std::vector<RawStack> all = {stack(1, {kInFile}, 5), stack(2, {kInFile}, 7)};
  const auto kept = largest_stacks(all, 2);
  BOOST_REQUIRE(kept.size() == 2u);
  BOOST_TEST(kept[0].pid == 1);
  BOOST_TEST(kept[1].pid == 2);
}

// Three processes of one program and one of another have a stack in common: one stack of no
// process, and one of its own.
BOOST_AUTO_TEST_CASE(processes_of_one_name_share_stacks) {
  std::vector<RawStack> all;
  for (const int pid : {1, 2, 3})
    all.push_back(stack(pid, {kInFile | 1, kInFile | 2}, 10));
  all.push_back(stack(4, {kInFile | 1, kInFile | 2}, 1, "ld"));
  const auto kept = largest_stacks(all, 2);
  BOOST_REQUIRE(kept.size() == 2u);
  const RawStack& shared = only(kept, [](const RawStack& s) { return s.comm == "cc1"; });
  BOOST_TEST(shared.pid == 0);
  BOOST_TEST(shared.tid == 0);
  BOOST_TEST((shared.values == std::vector<std::uint64_t>{30, 3}));
  BOOST_TEST(!shared.left_out);
  BOOST_TEST(only(kept, [](const RawStack& s) { return s.comm == "ld"; }).pid == 4);
}

// An address that is no place in a file is another function in another process.
BOOST_AUTO_TEST_CASE(addresses_of_a_process_are_not_shared) {
  const std::vector<RawStack> all = {stack(1, {kInFile | 1, 0x7000}, 3),
                                     stack(2, {kInFile | 1, 0x7000}, 2),
                                     stack(2, {kInFile | 1, 0x7000}, 2)};
  const auto kept = largest_stacks(all, 2);
  BOOST_REQUIRE(kept.size() == 2u);
  BOOST_TEST((only(kept, [](const RawStack& s) { return s.pid == 1; }).values.at(0)) == 3u);
  BOOST_TEST((only(kept, [](const RawStack& s) { return s.pid == 2; }).values.at(0)) == 4u);
}

// What is left out is a sum for each program and combination of details; nothing is lost.
BOOST_AUTO_TEST_CASE(others_are_sums_by_program) {
  std::vector<RawStack> all;
  for (std::uint64_t i = 1; i <= 100; ++i) {
    all.push_back(stack(static_cast<int>(i), {kInFile | i}, i, i % 2 ? "odd" : "even"));
    all.back().details = {std::string(i % 3 ? "fault" : "mmap")};
  }
  const auto kept = largest_stacks(all, 10);
  BOOST_TEST(kept.size() == 14u);
  BOOST_TEST(sum(kept, 0) == 5050u);
  BOOST_TEST(sum(kept, 1) == 100u);
  std::uint64_t expected = 0;
  for (std::uint64_t i = 1; i <= 90; ++i)
    expected += i % 2 == 1 && i % 3 == 0 ? i : 0;
  const RawStack& others = only(kept, [](const RawStack& s) {
    return s.left_out && s.comm == "odd" && std::get<std::string>(s.details.at(0)) == "mmap";
  });
  BOOST_TEST(others.pid == 0);
  BOOST_TEST(others.values.at(0) == expected);
  BOOST_TEST(others.user.empty());
}

// A sum that came as one is not taken for a stack without frames.
BOOST_AUTO_TEST_CASE(sums_are_no_stacks_without_frames) {
  std::vector<RawStack> all = {stack(1, {}, 4), stack(1, {}, 2), stack(1, {kInFile}, 9)};
  all[1].left_out = true;
  const auto kept = largest_stacks(all, 2);
  BOOST_REQUIRE(kept.size() == 3u);
  BOOST_TEST(only(kept, [](const RawStack& s) { return s.left_out; }).values.at(0) == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
