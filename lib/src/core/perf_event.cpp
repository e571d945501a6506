#include "core/perf_event.hpp"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace sonde::core {
namespace {

perf_event_attr base_attr(std::uint32_t type, std::uint64_t config) noexcept {
  perf_event_attr attr{};
  attr.size = sizeof(attr);
  attr.type = type;
  attr.config = config;
  return attr;
}

perf_event_attr sampling_attr(std::uint32_t type, std::uint64_t config,
                              std::uint32_t hertz) noexcept {
  perf_event_attr attr = base_attr(type, config);
  attr.freq = 1;
  attr.sample_freq = hertz;
  // An idle CPU has nothing to report; this spares it the whole sample.
  attr.exclude_idle = 1;
  return attr;
}

}  // namespace

perf_event_attr cpu_clock_attr(std::uint32_t hertz) noexcept {
  return sampling_attr(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, hertz);
}

perf_event_attr cycles_attr(std::uint32_t hertz) noexcept {
  return sampling_attr(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, hertz);
}

perf_event_attr major_faults_attr() noexcept {
  perf_event_attr attr = base_attr(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MAJ);
  attr.sample_period = 1;
  return attr;
}

perf_event_attr sideband_attr() noexcept {
  perf_event_attr attr = base_attr(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_DUMMY);
  attr.mmap = 1;
  attr.mmap2 = 1;
  attr.comm = 1;
  attr.comm_exec = 1;
  attr.task = 1;
  attr.sample_id_all = 1;
  attr.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME;
  attr.use_clockid = 1;
  attr.clockid = CLOCK_MONOTONIC;
  attr.watermark = 1;
  attr.wakeup_watermark = 1;
  return attr;
}

UniqueFd open_perf_event(const perf_event_attr& attr, int cpu) noexcept {
  perf_event_attr copy = attr;
  return UniqueFd(
      static_cast<int>(::syscall(SYS_perf_event_open, &copy, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC)));
}

}  // namespace sonde::core
