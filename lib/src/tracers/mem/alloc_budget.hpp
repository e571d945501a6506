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
  /// Of the hits: while nothing was recorded.
  double idle = 0;
};

/// What hits cost, as it was measured where they happen (alloc_cost.bpf.h).
struct AllocMeasured {
  /// Hits of second breakpoints.
  double seconds = 0;
  /// Time of the programs at all of them, and between those of so many pairs.
  double program_ns = 0;
  double gap_ns = 0;
  double gaps = 0;
  /// How much longer it all takes since the targets are interrupted.
  double interrupts = 1;
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

  /// Of one hit's trap, as measured; as calibrated if too little was.
  double one_trap_ns(const AllocMeasured& measured) const noexcept;
  bool is_measured(const AllocMeasured& measured) const noexcept;
  /// The same as cost_ns(), of what was seen and measured meanwhile.
  double cost_ns(const AllocLoad& load, const AllocMeasured& measured) const noexcept;
  /// Of hits while nothing was recorded.
  double idle_cost_ns(double hits, double trap_ns) const noexcept;

  bool limited() const noexcept { return limit_percent_ > 0; }
  double limit_percent() const noexcept { return limit_percent_; }
  bool exceeds(const AllocLoad& load) const noexcept {
    return limited() && percent(load) > limit_percent_;
  }
  /// By how much the cost is beyond the limit; negative below it.
  double excess_ns(const AllocLoad& load) const noexcept {
    return cost_ns(load) - native_ns(load) * limit_percent_ / 100;
  }
  /// Most of the cost is that of samples: fewer would help.
  bool is_by_samples(const AllocLoad& load) const noexcept;
  /// The share of the time for windows with two breakpoints a call in which the limit is kept.
  double duty(const AllocLoad& load) const noexcept;

 private:
  core::TrapCost trap_;
  double limit_percent_;
};

}  // namespace sonde::tracers
