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
