#include <boost/test/unit_test.hpp>
#include <random>
#include <vector>

#include "unwind/extent_allocator.hpp"

using sonde::unwind::Extent;
using sonde::unwind::ExtentAllocator;

// An extent begins at an even word and never crosses into the next chunk.
BOOST_AUTO_TEST_CASE(extents_stay_in_chunks) {
  ExtentAllocator allocator(64, 128);
  const auto a = allocator.allocate(41);
  const auto b = allocator.allocate(40);
  BOOST_TEST_REQUIRE((a && b));
  BOOST_TEST(a->first == 0u);
  BOOST_TEST(b->first == 64u);
  BOOST_TEST(!allocator.allocate(40));
  BOOST_TEST(!allocator.allocate(65));
  BOOST_TEST(allocator.allocate(22)->first == 42u);
}

// What is freed can be had again as one piece, whatever the order, but not across a chunk's border.
BOOST_AUTO_TEST_CASE(freed_neighbours_join) {
  ExtentAllocator allocator(64, 128);
  std::vector<Extent> extents;
  while (const auto extent = allocator.allocate(16))
    extents.push_back(*extent);
  BOOST_TEST(extents.size() == 8u);
  BOOST_TEST(allocator.free_words() == 0u);
  for (const std::size_t i : {1u, 3u, 0u, 2u, 7u, 5u, 4u, 6u})
    allocator.free(extents[i]);
  BOOST_TEST(allocator.free_words() == 128u);
  BOOST_TEST(allocator.allocate(64)->first == 0u);
  BOOST_TEST(allocator.allocate(64)->first == 64u);
}

// Random use: extents never overlap, and all words come back.
BOOST_AUTO_TEST_CASE(extents_never_overlap) {
  constexpr std::uint32_t kLimit = 4096;
  ExtentAllocator allocator(1024, kLimit);
  std::mt19937 random(7);
  std::uniform_int_distribution<std::uint32_t> size(1, 300);
  std::vector<Extent> held;
  std::vector<int> owner(kLimit, 0);
  for (int round = 0; round < 20'000; ++round) {
    if (!held.empty() && random() % 2 == 0) {
      const std::size_t i = random() % held.size();
      for (std::uint32_t w = 0; w < held[i].words; ++w)
        --owner[held[i].first + w];
      allocator.free(held[i]);
      held[i] = held.back();
      held.pop_back();
    } else if (const auto extent = allocator.allocate(size(random))) {
      for (std::uint32_t w = 0; w < extent->words; ++w)
        BOOST_TEST_REQUIRE(++owner[extent->first + w] == 1);
      BOOST_TEST_REQUIRE(extent->first / 1024 == (extent->first + extent->words - 1) / 1024);
      held.push_back(*extent);
    }
  }
  for (const Extent& extent : held)
    allocator.free(extent);
  BOOST_TEST(allocator.free_words() == kLimit);
}
