#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "symbolize/symbolizer.hpp"

namespace sonde::aggregate {

/// Joins stack records with the counts that name them. Stacks and counts arrive in any order: a
/// stack may be sent after some of its counts, and again after each drain.
class StackCounts {
 public:
  /// A machine that compiles has tens of thousands of new stacks a second, of a kilobyte each.
  static constexpr std::size_t kMostBytes = 64 << 20;

  /// `weighed`: stacks have a weight besides their count. `most_bytes`: see bound().
  explicit StackCounts(bool weighed = false, std::size_t most_bytes = kMostBytes) noexcept
      : weighed_(weighed), most_bytes_(most_bytes) {}

  /// One wire record (SONDE_RECORD_STACK or SONDE_RECORD_COUNT). False if it is malformed or of
  /// another kind: nothing changed then.
  bool consume(std::span<const std::byte> record);
  void add_count(std::uint64_t key, std::uint64_t count, std::uint64_t weight = 0);

  /// If what is counted takes more than the limit, leaves the largest stacks in half of it. The
  /// others are added up, those of the same process and label as one stack without frames, and
  /// start anew when they are seen again. To be called right after a drain, when no count is still
  /// to come for a stack that has arrived.
  void bound();
  /// Counts that bound() took from their stacks before take() gave them.
  std::uint64_t left_out() const noexcept { return left_out_; }

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

  /// Counts since the last take(), as raw stacks whose value is the count, or weight and count;
  /// what was left out at the end. Counts whose stack has not arrived yet stay. `last`: the stacks
  /// themselves are given away, and find() has no frames for them from then on.
  std::vector<symbolize::RawStack> take(bool last = false);

 private:
  struct Entry {
    symbolize::RawStack stack;
    std::uint32_t flags = 0;
    bool known = false;
    std::uint64_t total = 0;
    std::uint64_t since_take = 0;
    std::uint64_t weight = 0;  // since_take
  };
  using Entries = std::unordered_map<std::uint64_t, Entry>;
  /// A process and a label.
  using Group = std::pair<std::int32_t, std::uint32_t>;

  bool consume_stack(std::span<const std::byte> record);
  void leave_out(const Entry& entry);
  void append(std::vector<symbolize::RawStack>& stacks, Entry& entry, bool last) const;

  bool weighed_;
  std::size_t most_bytes_;
  Entries entries_;
  std::size_t bytes_ = 0;  // of stacks that are known and counted
  std::map<Group, Entry> others_;
  std::uint64_t left_out_ = 0;
  std::map<std::string, std::uint64_t> truncated_;  // of entries that are gone
  std::uint64_t counted_ = 0;
};

}  // namespace sonde::aggregate
