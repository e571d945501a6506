// What breakpoints in an allocator cost the process that hits them, and how to stay below a limit.
#pragma once

#include <cstdint>
#include <optional>

#include "core/trap_cost.hpp"

namespace sonde::tracers {

/// What the breakpoints saw in some time.
struct AllocLoad {
  double hits = 0;
  /// Of these: at instructions that are executed in a single step.
  double stepped = 0;
  /// Calls whose return was waited for.
  double returns = 0;
  /// Calls whose stack was taken.
  double sampled = 0;
  /// CPU time of the targets meanwhile, that of the traps included.
  double cpu_ns = 0;
};

class AllocBudget {
 public:
  /// `limit_percent`: of the CPU time that the targets would need without sonde; 0: no limit.
  AllocBudget(core::TrapCost trap, double limit_percent) noexcept
      : trap_(trap), limit_percent_(limit_percent) {}

  /// Of the traps alone, and with what the programs take.
  double trap_ns(const AllocLoad& load) const noexcept;
  double cost_ns(const AllocLoad& load) const noexcept;
  /// CPU time that the targets would have used without sonde: a thousandth of what they used at
  /// least, since the cost is an estimate.
  double native_ns(const AllocLoad& load) const noexcept;
  double percent(const AllocLoad& load) const noexcept;

  bool limited() const noexcept { return limit_percent_ > 0; }
  double limit_percent() const noexcept { return limit_percent_; }
  bool exceeds(const AllocLoad& load) const noexcept {
    return limited() && percent(load) > limit_percent_;
  }
  /// Most of the cost is that of samples: fewer would help.
  bool is_by_samples(const AllocLoad& load) const noexcept;
  /// How long to leave the targets alone after breakpoints have seen `load`, so that over both
  /// together the limit holds. `busy`: CPU time that they use in a nanosecond.
  double pause_ns(const AllocLoad& load, double busy) const noexcept;

 private:
  core::TrapCost trap_;
  double limit_percent_;
};

}  // namespace sonde::tracers
