// Adds the kernel's rows of system calls up to what the user asked to tell apart.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "aggregate/latency_histogram.hpp"

struct sonde_call_key;

namespace sonde::aggregate {

/// By what rows are told apart besides the call.
struct CallGrouping {
  bool process = false;
  /// Implies process.
  bool thread = false;
  bool cgroup = false;
  bool error = false;
};

/// What a row is of; what rows are not told apart by is 0.
struct CallRowKey {
  std::uint8_t abi = 0;
  std::uint32_t number = 0;
  std::uint32_t tgid = 0;
  std::uint32_t tid = 0;
  std::uint64_t cgroup = 0;
  std::uint16_t error = 0;

  friend auto operator<=>(const CallRowKey&, const CallRowKey&) = default;
};

struct CallRow {
  std::uint64_t calls = 0;
  std::uint64_t errors = 0;
  /// Calls whose begin was seen; the times are theirs.
  std::uint64_t timed = 0;
  std::uint64_t total_ns = 0;
  std::uint64_t min_ns = 0;
  std::uint64_t max_ns = 0;
  /// Of the process's main thread if it made a call, else of the first thread that did.
  std::string comm;
  LatencyHistogram latency;
  /// Failed calls by errno.
  std::map<std::uint16_t, std::uint64_t> by_error;

  /// `rank` from 0 to 1; never outside of what was measured.
  std::uint64_t percentile(double rank) const noexcept;
};

class CallRows {
 public:
  explicit CallRows(CallGrouping grouping) noexcept : grouping_(grouping) {}

  /// A row of the kernel: one sonde_call_stats (with counting only, without its buckets), or
  /// several in turn, each `stride` bytes long, of a per-CPU map.
  void add(const sonde_call_key& key, std::span<const std::byte> values, std::size_t stride);
  /// Successful calls that were only counted.
  void add_calls(std::uint8_t abi, std::uint32_t number, std::uint64_t calls);

  /// Calls added so far, whether taken or not.
  std::uint64_t counted() const noexcept { return counted_; }
  std::map<CallRowKey, CallRow> take() { return std::exchange(rows_, {}); }

 private:
  CallRow& row_of(const sonde_call_key& key);

  CallGrouping grouping_;
  std::map<CallRowKey, CallRow> rows_;
  std::uint64_t counted_ = 0;
};

}  // namespace sonde::aggregate
