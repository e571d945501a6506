#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "symbolize/symbolizer.hpp"

namespace sonde::aggregate {

/// Joins stack records with the counts that name them. Stacks and counts arrive in any order: a
/// stack may be sent after some of its counts, and again after each drain.
class StackCounts {
 public:
  /// `weighed`: stacks have a weight besides their count.
  explicit StackCounts(bool weighed = false) noexcept : weighed_(weighed) {}

  /// One wire record (SONDE_RECORD_STACK or SONDE_RECORD_COUNT). False if it is malformed or of
  /// another kind: nothing changed then.
  bool consume(std::span<const std::byte> record);
  void add_count(std::uint64_t key, std::uint64_t count, std::uint64_t weight = 0);

  /// Null if it has not arrived.
  const symbolize::RawStack* find(std::uint64_t key) const;
  /// In which ways (SONDE_STACK_*) it is incomplete; 0 if it has not arrived.
  std::uint32_t flags(std::uint64_t key) const;

  /// Counts drained so far.
  std::uint64_t counted() const noexcept { return counted_; }
  /// Counts whose stack never arrived.
  std::uint64_t nameless() const noexcept;
  /// Counts whose stack is known and incomplete, by reason (kTruncations).
  std::map<std::string, std::uint64_t> truncated() const;

  /// Counts since the last take(), as raw stacks whose value is the count, or weight and count.
  /// Counts whose stack has not arrived yet stay.
  std::vector<symbolize::RawStack> take();

 private:
  struct Entry {
    symbolize::RawStack stack;
    std::uint32_t flags = 0;
    bool known = false;
    std::uint64_t total = 0;
    std::uint64_t since_take = 0;
    std::uint64_t weight = 0;  // since_take
  };

  bool consume_stack(std::span<const std::byte> record);

  bool weighed_;
  std::unordered_map<std::uint64_t, Entry> entries_;
  std::uint64_t counted_ = 0;
};

}  // namespace sonde::aggregate
