// Live events between a session's reader thread and whoever takes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include <sonde/error.hpp>
#include <sonde/event.hpp>
#include "util/unique_fd.hpp"

namespace sonde::core {

/// Thread-safe. Bounded: an event that finds no room is dropped and counted.
class EventQueue {
 public:
  /// EventProcessingFailed if there is no descriptor left.
  static Result<std::unique_ptr<EventQueue>> open(std::size_t capacity);

  void push(EbpfEvent event);
  /// Events that were lost on the way here.
  void count_lost(std::uint64_t count) noexcept;
  /// The oldest, at most `limit`.
  std::vector<EbpfEvent> take(std::size_t limit);

  std::size_t capacity() const noexcept { return capacity_; }
  /// Readable while there are events.
  int fd() const noexcept { return ready_.get(); }
  /// For tracers that keep events elsewhere until they are taken: fd() is readable from now on, and
  /// is not any more. The latter before looking for events, so that none is missed.
  void notify() noexcept;
  void acknowledge() noexcept;

  std::uint64_t lost() const noexcept;

 private:
  EventQueue(std::size_t capacity, UniqueFd ready) noexcept
      : capacity_(capacity), ready_(std::move(ready)) {}

  const std::size_t capacity_;
  UniqueFd ready_;
  mutable std::mutex lock_;
  std::deque<EbpfEvent> events_;
  std::uint64_t lost_ = 0;
};

}  // namespace sonde::core
