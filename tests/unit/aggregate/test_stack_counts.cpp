#include <boost/test/unit_test.hpp>

#include "aggregate/stack_counts.hpp"
#include "stack_records.hpp"

using sonde::aggregate::StackCounts;
using sonde::test::count_record;
using sonde::test::StackRecord;

// Counts that came before their stack are reported once it arrives.
BOOST_AUTO_TEST_CASE(counts_may_come_first) {
  StackCounts counts;
  BOOST_TEST(counts.consume(count_record(7, 3)));
  BOOST_TEST(counts.nameless() == 3u);
  BOOST_TEST(counts.take().empty());
  BOOST_TEST(
      counts.consume(StackRecord{.key = 7, .kernel = {0xffff1}, .user = {0x1, 0x2}}.bytes()));
  BOOST_TEST(counts.nameless() == 0u);
  const auto stacks = counts.take();
  BOOST_TEST_REQUIRE(stacks.size() == 1u);
  BOOST_TEST(stacks[0].values.at(0) == 3u);
  BOOST_TEST(stacks[0].comm == "prog");
  BOOST_TEST(stacks[0].kernel == (std::vector<std::uint64_t>{0xffff1}));
  BOOST_TEST(stacks[0].user == (std::vector<std::uint64_t>{0x1, 0x2}));
}

// take() gives what came since the last one, and the total is kept for the books.
BOOST_AUTO_TEST_CASE(take_is_incremental) {
  StackCounts counts;
  counts.consume(StackRecord{.key = 7}.bytes());
  counts.add_count(7, 2);
  BOOST_TEST(counts.take().at(0).values.at(0) == 2u);
  BOOST_TEST(counts.take().empty());
  counts.consume(StackRecord{.key = 7}.bytes());  // sent again after a drain
  counts.add_count(7, 5);
  BOOST_TEST(counts.take().at(0).values.at(0) == 5u);
  BOOST_TEST(counts.counted() == 7u);
}

// The last take() gives the stacks away: the totals and what is incomplete stay for the books.
BOOST_AUTO_TEST_CASE(last_take_gives_stacks_away) {
  StackCounts counts;
  BOOST_REQUIRE(counts.consume(StackRecord{.key = 1, .user = {0x1, 0x2}}.bytes()));
  counts.add_count(1, 3);
  const auto stacks = counts.take(true);
  BOOST_REQUIRE(stacks.size() == 1u);
  BOOST_TEST(!stacks[0].user.empty());
  BOOST_TEST(stacks[0].values.at(0) == 3u);
  BOOST_TEST(counts.counted() == 3u);
  BOOST_TEST(counts.nameless() == 0u);
  BOOST_TEST(counts.take(true).empty());
}

// Weighed stacks have their weight before their count; both start anew with each take().
BOOST_AUTO_TEST_CASE(weighed) {
  StackCounts counts(true);
  counts.consume(StackRecord{.key = 7}.bytes());
  counts.add_count(7, 2, 8192);
  counts.add_count(7, 1, 4096);
  BOOST_TEST((counts.take().at(0).values == std::vector<std::uint64_t>{12288, 3}));
  counts.add_count(7, 1, 4096);
  BOOST_TEST((counts.take().at(0).values == std::vector<std::uint64_t>{4096, 1}));
  BOOST_TEST(counts.counted() == 4u);
}

// A name of 15 bytes fills its field to the terminating zero; one that fills all 16 must not be
// overrun.
BOOST_AUTO_TEST_CASE(comm_is_bounded) {
  StackCounts counts;
  counts.consume(StackRecord{.key = 1, .comm = "0123456789abcdef"}.bytes());
  counts.add_count(1, 1);
  BOOST_TEST(counts.take().at(0).comm == "0123456789abcdef");
}

// Truncation is counted in samples, by reason, and only for stacks that are known.
BOOST_AUTO_TEST_CASE(truncation_counts_samples) {
  StackCounts counts;
  counts.consume(StackRecord{.key = 1, .flags = SONDE_STACK_USER_DEPTH}.bytes());
  counts.consume(
      StackRecord{.key = 2, .flags = SONDE_STACK_USER_FAILED | SONDE_STACK_KERNEL_DEPTH}.bytes());
  counts.add_count(1, 4);
  counts.add_count(2, 6);
  counts.add_count(3, 100);
  const std::map<std::string, std::uint64_t> expected = {
      {"depth", 4}, {"unreadable_stack", 6}, {"kernel_depth", 6}};
  BOOST_TEST((counts.truncated() == expected));
}

// Above the limit the smallest stacks are added up by process and label, and nothing is lost.
BOOST_AUTO_TEST_CASE(memory_is_bounded) {
  constexpr std::size_t kLimit = 1 << 20;
  StackCounts counts(true, kLimit);
  std::uint64_t given = 0;
  std::map<std::pair<int, std::uint32_t>, std::uint64_t> by_group;
  for (std::uint32_t round = 0; round < 20; ++round) {
    for (std::uint32_t i = 0; i < 500; ++i) {
      const std::uint32_t key = 1 + round * 500 + i;
      const std::uint32_t tgid = 1 + i % 3;
      const std::uint32_t label = i % 2;
      counts.consume(StackRecord{.key = key,
                                 .tgid = tgid,
                                 .flags = SONDE_STACK_USER_DEPTH,
                                 .user = std::vector<std::uint64_t>(200, key),
                                 .label = label}
                         .bytes());
      counts.add_count(key, 1, 4096);
      by_group[{static_cast<int>(tgid), label}] += 1;
      given += 1;
    }
    counts.consume(StackRecord{.key = 1'000'000, .tgid = 9, .user = {1, 2}}.bytes());
    counts.add_count(1'000'000, 5, 100'000);
    given += 5;
    counts.bound();
  }
  BOOST_TEST(counts.counted() == given);
  BOOST_TEST(counts.left_out() > given / 2);
  BOOST_TEST(counts.truncated().at("depth") == 10'000u);

  const auto stacks = counts.take();
  std::size_t bytes = 0;
  std::uint64_t sum = 0;
  std::uint64_t others = 0;
  for (const auto& stack : stacks) {
    sum += stack.values.at(1);
    bytes += stack.user.size() * sizeof(std::uint64_t);
    if (stack.pid == 9) {
      BOOST_TEST((stack.values == std::vector<std::uint64_t>{2'000'000, 100}));
      continue;
    }
    others += stack.left_out ? stack.values.at(1) : 0;
    by_group[{stack.pid, stack.label_id}] -= stack.values.at(1);
  }
  BOOST_TEST(sum == given);
  BOOST_TEST(bytes < kLimit);
  BOOST_TEST(others == counts.left_out());
  for (const auto& [group, left] : by_group)
    BOOST_TEST(left == 0u);
}

// What was taken before is forgotten first, and is not said to be left out.
BOOST_AUTO_TEST_CASE(taken_stacks_make_room) {
  StackCounts counts(false, 64 << 10);
  const auto add = [&](std::uint64_t first) {
    for (std::uint64_t key = first; key < first + 30; ++key) {
      counts.consume(StackRecord{.key = key, .user = std::vector<std::uint64_t>(100, key)}.bytes());
      counts.add_count(key, 1);
    }
    counts.bound();
  };
  for (std::uint64_t round = 0; round < 10; ++round) {
    add(1 + 30 * round);
    BOOST_TEST(counts.take().size() == 30u);
  }
  BOOST_TEST(counts.left_out() == 0u);
  BOOST_TEST(counts.counted() == 300u);
  BOOST_TEST(counts.find(1) == nullptr);
}

// A stack without a count of its own is one that something else refers to, and takes no room from
// the others.
BOOST_AUTO_TEST_CASE(stacks_without_counts_stay) {
  StackCounts counts(false, 1000);
  for (std::uint64_t key = 1; key <= 10; ++key)
    counts.consume(StackRecord{.key = key, .user = std::vector<std::uint64_t>(100, key)}.bytes());
  counts.consume(StackRecord{.key = 11, .user = {1}}.bytes());
  counts.add_count(11, 1);
  counts.bound();
  for (std::uint64_t key = 1; key <= 11; ++key)
    BOOST_TEST(counts.find(key) != nullptr);
  BOOST_TEST(counts.left_out() == 0u);
}

// Records that lie about their length, version or kind change nothing.
BOOST_AUTO_TEST_CASE(malformed_records_are_refused) {
  StackCounts counts;
  const std::vector<std::byte> good = StackRecord{.key = 1, .kernel = {1, 2}, .user = {3}}.bytes();
  for (std::size_t length = 0; length < good.size(); ++length) {
    BOOST_TEST(!counts.consume(std::span(good).first(length)), length);
  }
  std::vector<std::byte> wrong_version = good;
  wrong_version[2] = std::byte{99};
  BOOST_TEST(!counts.consume(wrong_version));
  std::vector<std::byte> wrong_kind = good;
  wrong_kind[0] = std::byte{99};
  BOOST_TEST(!counts.consume(wrong_kind));
  std::vector<std::byte> too_many_frames = good;
  too_many_frames[54] = std::byte{0xff};  // user_frames
  BOOST_TEST(!counts.consume(too_many_frames));
  BOOST_TEST(counts.take().empty());
  BOOST_TEST(counts.consume(good));
}
