#pragma once

#include <linux/perf_event.h>

#include <cstdint>

#include "util/unique_fd.hpp"

namespace sonde::core {

/// Software cpu-clock: a high-resolution timer on each CPU. Does not tick in sections with
/// interrupts off.
perf_event_attr cpu_clock_attr(std::uint32_t hertz) noexcept;
/// Hardware cycles; the kernel adapts the period to meet the frequency.
perf_event_attr cycles_attr(std::uint32_t hertz) noexcept;
/// Every page fault that waited for a device, once it is over.
perf_event_attr major_faults_attr() noexcept;
/// Records of executable mappings, forks, execs and exits, with CLOCK_MONOTONIC times; no samples.
perf_event_attr sideband_attr() noexcept;

/// Opens an event for every process on one CPU. Empty on failure, with errno set.
UniqueFd open_perf_event(const perf_event_attr& attr, int cpu) noexcept;

}  // namespace sonde::core
