#include "process/task_clock.hpp"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "process/process_list.hpp"

namespace sonde::process {
namespace {

// Descriptors are the session's, too.
constexpr std::size_t kMostThreads = 256;

UniqueFd open_clock(std::int32_t tid, bool children) noexcept {
  perf_event_attr attr{};
  attr.size = sizeof(attr);
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = PERF_COUNT_SW_TASK_CLOCK;
  attr.inherit = 1;
  attr.inherit_thread = !children;
  return UniqueFd(
      static_cast<int>(::syscall(SYS_perf_event_open, &attr, tid, -1, -1, PERF_FLAG_FD_CLOEXEC)));
}

}  // namespace

TaskClock::TaskClock(std::span<const std::int32_t> pids, bool children) {
  for (const std::int32_t pid : pids) {
    for (const std::int32_t tid : list_threads(pid)) {
      if (events_.size() == kMostThreads) return;
      UniqueFd event = open_clock(tid, children);
      if (!event && errno == ESRCH) continue;  // it has ended meanwhile
      if (!event) return;
      events_.push_back(std::move(event));
    }
  }
  exact_ = true;
}

std::uint64_t TaskClock::elapsed_ns() const noexcept {
  std::uint64_t sum = 0;
  for (const UniqueFd& event : events_) {
    std::uint64_t value = 0;
    if (::read(event.get(), &value, sizeof(value)) == sizeof(value)) sum += value;
  }
  return sum;
}

}  // namespace sonde::process
