#pragma once

#include <cstdint>
#include <optional>

namespace sonde::core {

/// Median cost in nanoseconds of one sampling interrupt to the program it interrupts, without the
/// BPF program: entry, timer and perf core. Measured by sampling the calling thread for 4 ms while
/// it reads the clock in a loop; each interrupt shows as a gap. Empty if it could not be measured
/// (no permission, or the machine was too busy to tell).
std::optional<std::uint64_t> measure_tick_cost() noexcept;

}  // namespace sonde::core
