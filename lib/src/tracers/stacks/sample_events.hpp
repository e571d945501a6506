// The samples of a profiler one by one, for live events: which stack, when, on which CPU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include <sonde/event.hpp>
#include "aggregate/stack_counts.hpp"
#include "core/clock.hpp"
#include "core/event_queue.hpp"
#include "cpu_event.h"
#include "symbolize/symbolizer.hpp"

namespace sonde::tracers {

/// add_*() and finish() are the reader's, take() is the taker's. A stack is kept once, however many
/// samples of it wait.
class SampleEvents {
 public:
  /// `queue` says when there is something to take, and counts what was lost.
  explicit SampleEvents(core::EventQueue& queue) noexcept : queue_(queue) {}

  /// A record of kind SONDE_RECORD_SAMPLE. False if it is malformed.
  bool add_sample(std::span<const std::byte> record, const aggregate::StackCounts& stacks);
  /// Samples may come before their stack, which user space unwinds now and then.
  void add_stack(std::uint64_t key, const symbolize::RawStack& stack);
  /// No more stacks come.
  void finish();

  /// Names the stacks, each once: `name` gives a profile with one stack for each that it gets.
  template <class Name>
  std::vector<EbpfEvent> take(std::size_t limit, Name name) {
    const std::vector<Sample> samples = take_samples(limit);
    std::vector<symbolize::RawStack> stacks;
    const std::vector<std::size_t> index = distinct(samples, stacks);
    return stacks.empty() ? std::vector<EbpfEvent>() : events_of(samples, index, name(stacks));
  }

 private:
  using StackRef = std::shared_ptr<const symbolize::RawStack>;
  struct Sample {
    std::uint64_t time_ns = 0;
    std::uint32_t cpu = 0;
    StackRef stack;
  };

  void push(const sonde_sample_record& record, StackRef stack);
  std::vector<Sample> take_samples(std::size_t limit);
  static std::vector<std::size_t> distinct(const std::vector<Sample>& samples,
                                           std::vector<symbolize::RawStack>& stacks);
  std::vector<EbpfEvent> events_of(const std::vector<Sample>& samples,
                                   const std::vector<std::size_t>& index,
                                   const StackProfile& named) const;

  core::EventQueue& queue_;
  const core::WallClock clock_;
  std::unordered_map<std::uint64_t, StackRef> stacks_;
  std::unordered_map<std::uint64_t, std::vector<sonde_sample_record>> early_;
  std::size_t early_count_ = 0;

  std::mutex lock_;  // of what follows
  std::deque<Sample> samples_;
};

}  // namespace sonde::tracers
