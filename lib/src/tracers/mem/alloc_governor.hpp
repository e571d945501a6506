// Keeps the cost of the allocation lane below its limit while it runs: samples less often, then
// takes breakpoints away for most of the time, or gives up.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "core/event_source.hpp"
#include "process/task_clock.hpp"
#include "tracers/mem/alloc_budget.hpp"
#include "tracers/mem/alloc_probes.hpp"
#include "tracers/mem/alloc_programs.hpp"
#include "tracers/mem/alloc_sites.hpp"
#include "tracers/mem/alloc_windows.hpp"
#include "util/unique_fd.hpp"

namespace sonde::tracers {

/// Used by the session's reader thread, and by its caller under the same lock.
class AllocGovernor final : public core::EventSource {
 public:
  struct Parts {
    AllocObject* object = nullptr;
    AllocProbes* probes = nullptr;
    AllocSites* sites = nullptr;
  };
  /// `live`: frees are followed, so that breakpoints cannot be taken away for a while. `children`:
  /// what the targets start is a target, too.
  AllocGovernor(const Parts& parts, AllocBudget budget, bool live, bool children)
      : parts_(parts), budget_(budget), live_(live), children_(children) {}

  /// A short look at how often the breakpoints would be hit, with programs that only count.
  /// ConfigError if the lane would cost more than the limit, and there is no way to stay below it.
  /// Nothing without a limit. `look`: the targets run already.
  Result<void> estimate(bool session, bool look);
  /// The breakpoints are there and recording begins: in windows, if the estimate says so.
  Result<void> begin();
  /// Recording ends; before breakpoints are taken away.
  void end();

  int poll_fd() const noexcept override { return timer_.get(); }
  Result<void> drain() noexcept override;
  /// What was read since windows began stands for more.
  Result<void> read_sites();

  bool gave_up() const noexcept { return gave_up_; }
  bool ended() const noexcept { return state_ == State::ended; }
  void add_notices(std::vector<std::string>& notices) const;

 private:
  enum class State { idle, always, pause, window, rest, ended };

  std::uint64_t cpu_ns() const noexcept;
  struct Mark {
    sonde_alloc_counters counters{};
    sonde_alloc_cost costs{};
    std::uint64_t cpu_ns = 0;
    std::uint64_t time_ns = 0;
  };
  Mark mark_now() const noexcept;
  static AllocLoad load_between(const Mark& from, const Mark& to) noexcept;
  static AllocMeasured measured_between(const Mark& from, const Mark& to) noexcept;
  static double syscalls_between(const Mark& from, const Mark& to) noexcept;
  void arm(std::uint64_t ns) noexcept;
  Result<void> check();
  Result<void> begin_windows(const AllocLoad& load);
  void begin_stratum() noexcept;
  void next_stratum() noexcept;
  Result<void> open_window();
  void close_window() noexcept;
  Result<void> end_stratum();
  void charge(const Mark& now) noexcept;
  Result<void> read(double factor);
  void stand_for(double native_ns) noexcept;
  double outside_ns(const Mark& now) const noexcept;
  void choose_distance(const AllocLoad& load) noexcept;
  void set_duty(double duty) noexcept;
  double duty() const noexcept;

  Parts parts_;
  AllocBudget budget_;
  bool live_;
  bool children_;
  UniqueFd timer_;
  State state_ = State::idle;
  std::optional<AllocLoad> estimated_;

  // When this window, or the last check, began.
  Mark mark_;
  /// What it cost beyond the limit.
  double excess_ns_ = 0;

  // Windows: one in each stretch of time, at random.
  Mark stratum_;
  std::uint64_t period_ns_ = 0;
  std::uint64_t window_ns_ = 0;
  process::TaskClock clock_;
  bool measures_ = true;
  /// Of the window in this stratum, once it was closed.
  struct Window {
    AllocStretch stretch;
    double seconds = 0;
    double cost_ns = 0;
  };
  std::optional<Window> window_;
  AllocWindows windows_;

  // The CPU time of the targets, without what traps took, that was seen, and that it stands for.
  double seen_native_ns_ = 0;
  double stood_for_ns_ = 0;
  // When sites were read last.
  AllocCounted counted_;
  std::uint64_t first_distance_ = 0;
  bool gave_up_ = false;
  // The last stretches count most: what windows all the time would cost.
  double recent_cost_ns_ = 0;
  double recent_native_ns_ = 0;
  double always_percent_ = 0;  // without windows
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace sonde::tracers
