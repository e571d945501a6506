// Keeps the cost of the allocation lane below its limit while it runs: samples less often, then
// takes breakpoints away for most of the time, or gives up.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "core/event_source.hpp"
#include "tracers/mem/alloc_budget.hpp"
#include "tracers/mem/alloc_probes.hpp"
#include "tracers/mem/alloc_programs.hpp"
#include "tracers/mem/alloc_sites.hpp"
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
  /// `live`: frees are followed, so that breakpoints cannot be taken away for a while.
  AllocGovernor(const Parts& parts, AllocBudget budget, bool live)
      : parts_(parts), budget_(budget), live_(live) {}

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
  enum class State { idle, always, window, pause, ended };

  std::uint64_t cpu_ns() const noexcept;
  struct Mark {
    sonde_alloc_counters counters{};
    std::uint64_t cpu_ns = 0;
    std::uint64_t time_ns = 0;
  };
  Mark mark_now() const noexcept;
  AllocLoad load_since(const Mark& mark) const noexcept;
  void arm(std::uint64_t ns) noexcept;
  Result<void> check();
  Result<void> open_window();
  Result<void> close_window();
  double window_factor(const AllocLoad& seen) noexcept;

  Parts parts_;
  AllocBudget budget_;
  bool live_;
  UniqueFd timer_;
  State state_ = State::idle;
  std::optional<AllocLoad> estimated_;

  Mark mark_;     // when this window, or the last check, began
  Mark stretch_;  // when breakpoints began to be set for it
  Mark covered_;  // until when there are estimates
  int checks_above_ = 0;

  // The CPU time of the targets, without what traps took, that was seen, and that it stands for.
  double seen_native_ns_ = 0;
  double stood_for_ns_ = 0;
  double uncertain_ns_ = 0;
  std::uint64_t windows_ = 0;
  std::uint64_t first_distance_ = 0;
  bool gave_up_ = false;
  double last_percent_ = 0;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace sonde::tracers
