// Live events that have a stack: its frames get their names when an event is taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include <sonde/event.hpp>
#include "aggregate/stack_counts.hpp"
#include "core/clock.hpp"
#include "core/event_queue.hpp"
#include "symbolize/symbolizer.hpp"

namespace sonde::tracers {

/// An event before it is taken. Its wall clock time and the frames of its data are still empty.
struct StackEvent {
  std::uint64_t time_ns = 0;
  /// Of its stack; 0 if it has none. Process, thread and name of an event without pid are those of
  /// the stack.
  std::uint64_t key = 0;
  EbpfEvent event;
};

/// add(), add_stack() and finish() are the reader's, take() is the taker's. A stack is kept once,
/// however many events of it wait.
class StackEvents {
 public:
  /// `queue` says when there is something to take, and counts what was lost.
  explicit StackEvents(core::EventQueue& queue) noexcept : queue_(queue) {}

  void add(StackEvent event, const aggregate::StackCounts& stacks);
  /// Events may come before their stack, which user space unwinds now and then.
  void add_stack(std::uint64_t key, const symbolize::RawStack& stack);
  /// No more stacks come.
  void finish();

  /// Names the stacks, each once: `name` gives a profile with one stack for each that it gets.
  template <class Name>
  std::vector<EbpfEvent> take(std::size_t limit, Name name) {
    std::vector<Waiting> waiting = take_waiting(limit);
    std::vector<symbolize::RawStack> stacks;
    const std::vector<std::size_t> index = distinct(waiting, stacks);
    return events_of(waiting, index, stacks.empty() ? StackProfile() : name(stacks));
  }

 private:
  using StackRef = std::shared_ptr<const symbolize::RawStack>;
  struct Waiting {
    StackEvent event;
    StackRef stack;  // null without one
  };

  void push(StackEvent event, StackRef stack);
  std::vector<Waiting> take_waiting(std::size_t limit);
  static std::vector<std::size_t> distinct(const std::vector<Waiting>& waiting,
                                           std::vector<symbolize::RawStack>& stacks);
  std::vector<EbpfEvent> events_of(std::vector<Waiting>& waiting,
                                   const std::vector<std::size_t>& index,
                                   const StackProfile& named) const;

  core::EventQueue& queue_;
  const core::WallClock clock_;
  std::unordered_map<std::uint64_t, StackRef> stacks_;
  std::unordered_map<std::uint64_t, std::vector<StackEvent>> early_;
  std::size_t early_count_ = 0;

  std::mutex lock_;  // of what follows
  std::deque<Waiting> waiting_;
};

}  // namespace sonde::tracers
