#include "tracers/mem/alloc_budget.hpp"

#include <algorithm>

namespace sonde::tracers {
namespace {

// An unsampled call beyond the trap of an empty program: the program's run. What a sample adds: its
// stack, its site, and its memory among the live ones.
constexpr double kProgramNs = 150;
constexpr double kSampleNs = 2000;
// A return's trap against that of an emulated instruction.
constexpr double kReturnShare = 0.75;
// A program that records nothing.
constexpr double kIdleProgramNs = 80;

}  // namespace

double AllocBudget::trap_ns(const AllocLoad& load) const noexcept {
  return (load.hits - load.stepped + kReturnShare * load.returns) * trap_.emulated_ns +
         load.stepped * trap_.stepped_ns;
}

double AllocBudget::cost_ns(const AllocLoad& load) const noexcept {
  return trap_ns(load) + load.hits * kProgramNs + load.sampled * kSampleNs;
}

double AllocBudget::native_ns(const AllocLoad& load) const noexcept {
  constexpr double kLeastShare = 0.001;
  return std::max(load.cpu_ns - cost_ns(load), kLeastShare * load.cpu_ns);
}

double AllocBudget::percent(const AllocLoad& load) const noexcept {
  const double native = native_ns(load);
  return native > 0 ? 100 * cost_ns(load) / native : 0;
}

bool AllocBudget::is_by_samples(const AllocLoad& load) const noexcept {
  return load.sampled * (kSampleNs + kReturnShare * trap_.emulated_ns) > cost_ns(load) / 2;
}

bool AllocBudget::is_measured(const AllocMeasured& measured) const noexcept {
  constexpr double kFewestGaps = 200;
  return measured.gaps >= kFewestGaps;
}

double AllocBudget::one_trap_ns(const AllocMeasured& measured) const noexcept {
  return is_measured(measured) ? measured.gap_ns / measured.gaps : trap_.emulated_ns;
}

// A single step's cost moves with the machine as the others' does.
double AllocBudget::cost_ns(const AllocLoad& load, const AllocMeasured& measured) const noexcept {
  if (!is_measured(measured)) return cost_ns(load) + measured.seconds * trap_.emulated_ns;
  const double trap = one_trap_ns(measured);
  const double stepped =
      trap_.emulated_ns > 0 ? trap_.stepped_ns * trap / trap_.emulated_ns : trap_.stepped_ns;
  const double traps =
      load.stepped * stepped +
      trap * (load.hits - load.stepped + measured.seconds + kReturnShare * load.returns);
  return (measured.program_ns + load.idle * kIdleProgramNs + traps) * measured.interrupts;
}

double AllocBudget::idle_cost_ns(double hits, double trap_ns) const noexcept {
  return hits * (trap_ns + kIdleProgramNs);
}

double AllocBudget::duty(const AllocLoad& load) const noexcept {
  const double cost = 2 * cost_ns(load);
  const double native = native_ns(load);
  // Of all of the time, windows and what is between, so much may be cost.
  const double most = limit_percent_ / (100 + limit_percent_);
  return limited() && cost > 0 ? most * (native + cost) / cost : 1;
}

}  // namespace sonde::tracers
