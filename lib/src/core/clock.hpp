#pragma once

#include <time.h>

#include <chrono>
#include <cstdint>

namespace sonde::core {

/// CLOCK_MONOTONIC nanoseconds: the clock of bpf_ktime_get_ns() and of the side-band records.
inline std::uint64_t monotonic_ns() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(now.tv_nsec);
}

/// Gives the records of one session times of day. The distance of the two clocks is read once, so
/// that no two records change their order when the time is set.
class WallClock {
 public:
  WallClock() noexcept {
    using std::chrono::nanoseconds;
    const auto wall = std::chrono::duration_cast<nanoseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    offset_ns_ = wall.count() - static_cast<std::int64_t>(monotonic_ns());
  }

  std::chrono::system_clock::time_point time(std::uint64_t monotonic) const noexcept {
    const std::chrono::nanoseconds since_epoch(static_cast<std::int64_t>(monotonic) + offset_ns_);
    return std::chrono::system_clock::time_point(
        std::chrono::duration_cast<std::chrono::system_clock::duration>(since_epoch));
  }
  /// The inverse of time().
  std::uint64_t monotonic(std::chrono::system_clock::time_point time) const noexcept {
    const auto since_epoch =
        std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch());
    return static_cast<std::uint64_t>(since_epoch.count() - offset_ns_);
  }

 private:
  std::int64_t offset_ns_ = 0;
};

}  // namespace sonde::core
