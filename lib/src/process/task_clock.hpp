#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "util/unique_fd.hpp"

namespace sonde::process {

/// CPU time of processes to the nanosecond, from now on, and still after they have ended. What
/// cpu_time_ns() tells of a running thread is up to a scheduler tick old: too coarse for what takes
/// a few of them. Costs the targets some work at each context switch while it exists.
class TaskClock {
 public:
  /// Counts nothing.
  TaskClock() noexcept = default;
  /// `children`: with the processes that they start. exact() is false if a thread may not be
  /// watched, or there are too many of them.
  TaskClock(std::span<const std::int32_t> pids, bool children);

  bool exact() const noexcept { return exact_; }
  /// With threads that have started since.
  std::uint64_t elapsed_ns() const noexcept;

 private:
  std::vector<UniqueFd> events_;
  bool exact_ = false;
};

}  // namespace sonde::process
