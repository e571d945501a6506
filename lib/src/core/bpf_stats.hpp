#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "core/object_usage.hpp"
#include "util/unique_fd.hpp"

namespace sonde::core {

/// When statistics are on: at first, and then for a part of every period. For each switch the
/// kernel patches its code on all CPUs, which takes some 0.2 ms.
struct StatsWindows {
  std::uint64_t first_ns = 1'000'000'000;
  std::uint64_t each_ns = 200'000'000;
  std::uint64_t period_ns = 1'000'000'000;
};

/// What the programs of a tracer have used so far. All only grow.
struct ProgramUse {
  /// The kernel's sums over the programs, which grow while statistics are on, whoever switched them
  /// on.
  ProgramTime measured;
  /// What the programs count themselves, always: their runs, or such of them as are worth it.
  std::uint64_t counted = 0;
};

/// Estimates the time spent in BPF programs from windows in which the kernel's statistics are on.
/// Statistics slow every BPF program of the machine, by two readings of the clock for each run, so
/// they are on for a part of the time. The total is the mean time of a run, times what the programs
/// counted over the whole session, times the runs for each count in the windows.
class BpfStats {
 public:
  /// `read` is called whenever a window opens or closes, and by estimate().
  explicit BpfStats(std::function<ProgramUse()> read) : read_(std::move(read)) {}

  /// Opens the first window; stays empty without CAP_SYS_ADMIN.
  void start(std::uint64_t now_ns, StatsWindows windows);
  /// Opens or closes the window as its schedule says.
  void tick(std::uint64_t now_ns);
  /// When tick() is due next; UINT64_MAX if never.
  std::uint64_t next_tick_ns(std::uint64_t now_ns) const noexcept;
  void stop();

  /// From start() to now. Empty without statistics, or if programs ran and no run was measured.
  std::optional<std::uint64_t> estimate() const;

  /// `windows`: the growth within the windows; `now`: whole sums.
  static std::optional<std::uint64_t> scale(const ProgramUse& windows,
                                            const ProgramUse& now) noexcept;

 private:
  void open();
  void close();

  std::function<ProgramUse()> read_;
  UniqueFd enabled_;
  StatsWindows windows_;
  std::uint64_t started_ns_ = 0;
  bool available_ = false;
  ProgramUse opened_;
  ProgramUse in_windows_;
};

}  // namespace sonde::core
