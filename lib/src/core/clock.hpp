#pragma once

#include <time.h>

#include <cstdint>

namespace sonde::core {

/// CLOCK_MONOTONIC nanoseconds: the clock of bpf_ktime_get_ns() and of the side-band records.
inline std::uint64_t monotonic_ns() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace sonde::core
