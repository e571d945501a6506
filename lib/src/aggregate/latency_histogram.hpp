// Latencies in log-linear buckets, as latency.bpf.h fills them: 8 for each power of two.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <sonde/report.hpp>

namespace sonde::aggregate {

/// Only the buckets that are not empty take memory.
class LatencyHistogram {
 public:
  /// Counts by bucket index.
  void add(std::span<const std::uint32_t> buckets);
  void add(const LatencyHistogram& other);
  /// One value, of which no program of ours made a bucket.
  void add_value(std::uint64_t ns);

  std::uint64_t count() const noexcept;
  /// The value below or at which the share `rank` (0 to 1) of the values lies, in nanoseconds: the
  /// middle of its bucket, so wrong by at most a sixteenth (6.25 %). 0 if there are none.
  std::uint64_t percentile(double rank) const noexcept;
  std::vector<Histogram::Bucket> buckets() const;

 private:
  void add(std::uint16_t index, std::uint64_t count);

  /// By index.
  std::vector<std::pair<std::uint16_t, std::uint64_t>> counts_;
};

/// The index of the bucket that a value falls into.
std::uint16_t latency_index(std::uint64_t ns) noexcept;

/// Values from `low` to below `high` fall into the bucket; its count is 0.
Histogram::Bucket latency_bucket(std::uint32_t index) noexcept;

}  // namespace sonde::aggregate
