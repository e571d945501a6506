#include <array>
#include <boost/test/unit_test.hpp>

#include "aggregate/latency_histogram.hpp"
#include "syscall_event.h"

using sonde::Histogram;
using sonde::aggregate::latency_bucket;
using sonde::aggregate::LatencyHistogram;

// Buckets follow each other without a gap, exact below 8 and an eighth of their power of two wide
// above.
BOOST_AUTO_TEST_CASE(buckets_tile_the_line) {
  std::uint64_t next = 0;
  for (std::uint32_t i = 0; i + 1 < SONDE_LATENCY_BUCKETS; ++i) {
    const Histogram::Bucket bucket = latency_bucket(i);
    BOOST_TEST(bucket.low == next, i);
    const std::uint64_t width = bucket.high - bucket.low;
    BOOST_TEST((bucket.low < 8 ? width == 1 : width * 8 <= bucket.low), i);
    next = bucket.high;
  }
  BOOST_TEST(latency_bucket(SONDE_LATENCY_BUCKETS - 1).low == next);
  BOOST_TEST(latency_bucket(8).low == 8u);
  BOOST_TEST(latency_bucket(16).low == 16u);
  // 1000 ns: 2^9 = 512 and the eighths are 64 wide, so from 960 to 1024.
  BOOST_TEST(latency_bucket((9 - 2) * 8 + 7).low == 960u);
}

// A value falls into the bucket that holds it, also at both ends of each.
BOOST_AUTO_TEST_CASE(values_fall_into_their_bucket) {
  for (std::uint32_t i = 0; i < SONDE_LATENCY_BUCKETS; ++i) {
    const Histogram::Bucket bucket = latency_bucket(i);
    BOOST_TEST(sonde::aggregate::latency_index(bucket.low) == i);
    BOOST_TEST(sonde::aggregate::latency_index(bucket.high - 1) == i);
  }
  LatencyHistogram histogram;
  histogram.add_value(1'000);
  BOOST_TEST(histogram.count() == 1u);
  BOOST_TEST(histogram.buckets().at(0).low == 960u);
}

// The rank is found in the right bucket, whatever the order in which counts came.
BOOST_AUTO_TEST_CASE(percentiles) {
  std::array<std::uint32_t, SONDE_LATENCY_BUCKETS> counts{};
  counts[1] = 50;
  counts[5] = 40;
  counts[7] = 9;
  LatencyHistogram histogram;
  histogram.add(counts);
  std::array<std::uint32_t, SONDE_LATENCY_BUCKETS> one{};
  one[100] = 1;
  histogram.add(one);
  BOOST_TEST(histogram.count() == 100u);
  BOOST_TEST(histogram.percentile(0.5) == 1u);
  BOOST_TEST(histogram.percentile(0.9) == 5u);
  BOOST_TEST(histogram.percentile(0.99) == 7u);
  BOOST_TEST(histogram.percentile(1) >= latency_bucket(100).low);
  BOOST_TEST(histogram.percentile(1) < latency_bucket(100).high);
}

// Sums of histograms are histograms of the sums.
BOOST_AUTO_TEST_CASE(adds_up) {
  std::array<std::uint32_t, SONDE_LATENCY_BUCKETS> counts{};
  counts[3] = 1;
  counts[9] = 2;
  LatencyHistogram a;
  a.add(counts);
  LatencyHistogram b;
  b.add(counts);
  b.add(a);
  const auto buckets = b.buckets();
  BOOST_TEST_REQUIRE(buckets.size() == 2u);
  BOOST_TEST(buckets[0].low == 3u);
  BOOST_TEST(buckets[0].count == 2u);
  BOOST_TEST(buckets[1].count == 4u);
}

// Without a value there is no rank.
BOOST_AUTO_TEST_CASE(empty) {
  BOOST_TEST(LatencyHistogram().percentile(0.5) == 0u);
  BOOST_TEST(LatencyHistogram().buckets().empty());
}
