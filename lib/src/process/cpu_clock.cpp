#include "process/cpu_clock.hpp"

#include <ctime>

namespace sonde::process {

std::optional<std::uint64_t> cpu_time_ns(std::int32_t pid) noexcept {
  clockid_t clock = 0;
  timespec time = {};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return {};
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace sonde::process
