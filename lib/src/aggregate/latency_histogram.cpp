#include "aggregate/latency_histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "syscall_event.h"

namespace sonde::aggregate {

Histogram::Bucket latency_bucket(std::uint32_t index) noexcept {
  constexpr std::uint32_t kLinear = 1u << SONDE_LATENCY_SUB_BITS;
  if (index < kLinear) return {index, index + 1, 0};
  const std::uint32_t shift = index / kLinear - 1;
  const std::uint64_t low = static_cast<std::uint64_t>(kLinear + index % kLinear) << shift;
  if (index == SONDE_LATENCY_BUCKETS - 1) return {low, UINT64_MAX, 0};
  return {low, low + (std::uint64_t{1} << shift), 0};
}

std::uint16_t latency_index(std::uint64_t ns) noexcept {
  constexpr unsigned kBits = SONDE_LATENCY_SUB_BITS;
  if (ns < 1u << kBits) return static_cast<std::uint16_t>(ns);
  const auto exponent = static_cast<unsigned>(std::bit_width(ns)) - 1;
  const std::uint64_t index =
      (exponent - kBits + 1) << kBits | (ns >> (exponent - kBits) & ((1u << kBits) - 1));
  return static_cast<std::uint16_t>(std::min<std::uint64_t>(index, SONDE_LATENCY_BUCKETS - 1));
}

void LatencyHistogram::add_value(std::uint64_t ns) {
  add(latency_index(ns), 1);
}

void LatencyHistogram::add(std::uint16_t index, std::uint64_t count) {
  const auto at = std::lower_bound(
      counts_.begin(), counts_.end(), index,
      [](const auto& entry, std::uint16_t wanted) { return entry.first < wanted; });
  if (at != counts_.end() && at->first == index) {
    at->second += count;
  } else {
    counts_.insert(at, {index, count});
  }
}

void LatencyHistogram::add(std::span<const std::uint32_t> buckets) {
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    if (buckets[i] != 0) add(static_cast<std::uint16_t>(i), buckets[i]);
  }
}

void LatencyHistogram::add(const LatencyHistogram& other) {
  for (const auto& [index, count] : other.counts_)
    add(index, count);
}

std::uint64_t LatencyHistogram::count() const noexcept {
  std::uint64_t total = 0;
  for (const auto& [index, count] : counts_)
    total += count;
  return total;
}

std::uint64_t LatencyHistogram::percentile(double rank) const noexcept {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(rank * static_cast<double>(count())));
  std::uint64_t below = 0;
  for (const auto& [index, count] : counts_) {
    below += count;
    if (below < wanted) continue;
    const Histogram::Bucket bucket = latency_bucket(index);
    return bucket.high == UINT64_MAX ? bucket.low : bucket.low + (bucket.high - bucket.low) / 2;
  }
  return 0;
}

std::vector<Histogram::Bucket> LatencyHistogram::buckets() const {
  std::vector<Histogram::Bucket> all;
  for (const auto& [index, count] : counts_) {
    all.push_back(latency_bucket(index));
    all.back().count = count;
  }
  return all;
}

}  // namespace sonde::aggregate
