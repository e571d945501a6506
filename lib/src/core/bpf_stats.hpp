#pragma once

#include <cstdint>
#include <optional>

#include "core/object_usage.hpp"
#include "util/unique_fd.hpp"

namespace sonde::core {

/// When statistics are on: at first, and then for a part of every second.
struct StatsWindows {
  std::uint64_t first_ns = 1'000'000'000;
  std::uint64_t each_second_ns = 200'000'000;
};

/// Estimates the time spent in BPF programs from windows in which the kernel's statistics are on.
/// Statistics slow every BPF program of the machine, by two readings of the clock for each run, so
/// they are on for a part of the time; the total is scaled by the number of runs, which sonde
/// counts all the time.
class BpfStats {
 public:
  /// Opens the first window; stays empty without CAP_SYS_ADMIN.
  void start(std::uint64_t now_ns, StatsWindows windows) noexcept;
  /// Opens or closes the window as its schedule says.
  void tick(std::uint64_t now_ns) noexcept;
  /// When tick() is due next; UINT64_MAX if never.
  std::uint64_t next_tick_ns(std::uint64_t now_ns) const noexcept;
  void stop() noexcept { enabled_.reset(); }

  /// `total_runs` is the number of program runs over the whole session. Empty if nothing was
  /// measured.
  static std::optional<std::uint64_t> estimate(const ProgramTime& measured,
                                               std::uint64_t total_runs) noexcept;

 private:
  UniqueFd enabled_;
  StatsWindows windows_;
  std::uint64_t started_ns_ = 0;
  bool available_ = false;
};

}  // namespace sonde::core
