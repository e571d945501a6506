#include "core/tick_cost.hpp"

#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "core/clock.hpp"
#include "core/perf_event.hpp"

namespace sonde::core {
namespace {

constexpr std::uint32_t kHertz = 5000;
constexpr std::uint64_t kMeasureNs = 4'000'000;
// Gaps at least this far above the loop's own step are interrupts; the loop takes some tens of
// nanoseconds.
constexpr std::uint64_t kShortestGapNs = 500;
// Longer ones are preemptions, of this thread or of the virtual machine.
constexpr std::uint64_t kLongestGapNs = 50'000;
constexpr std::size_t kFewestGaps = 10;

UniqueFd open_on_this_thread() noexcept {
  perf_event_attr attr = cpu_clock_attr(kHertz);
  attr.exclude_kernel =
      1;  // allowed at every perf_event_paranoid below 3, and the loop is user code
  return UniqueFd(
      static_cast<int>(::syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC)));
}

}  // namespace

std::optional<std::uint64_t> measure_tick_cost() noexcept {
  const UniqueFd event = open_on_this_thread();
  if (!event) return {};
  std::vector<std::uint64_t> gaps;
  gaps.reserve(2 * kHertz * kMeasureNs / 1'000'000'000);
  std::uint64_t shortest_step = UINT64_MAX;
  const std::uint64_t begin = monotonic_ns();
  for (std::uint64_t previous = begin; previous - begin < kMeasureNs;) {
    const std::uint64_t now = monotonic_ns();
    const std::uint64_t step = now - previous;
    previous = now;
    shortest_step = std::min(shortest_step, step);
    if (step >= kShortestGapNs && step <= kLongestGapNs && gaps.size() < gaps.capacity())
      gaps.push_back(step);
  }
  if (gaps.size() < kFewestGaps) return {};
  const auto middle = gaps.begin() + static_cast<std::ptrdiff_t>(gaps.size() / 2);
  std::nth_element(gaps.begin(), middle, gaps.end());
  return *middle - shortest_step;
}

}  // namespace sonde::core
