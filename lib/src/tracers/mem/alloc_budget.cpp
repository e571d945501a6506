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
// After a trap the caches and the branch predictors are the kernel's for a while, and what the
// processor would have done at once is done in turn. Found by programs that count their calls: 26
// ns beside traps of 770 in one that computes, 81 in one that misses the caches. To set more
// breakpoints does not tell which it is: a second trap in a call costs both programs the same.
constexpr double kAftermathShare = 0.045;
constexpr double kMostAftermathShare = 0.11;
// The trap of another process, in another place, costs what ours does within about this.
constexpr double kTrapError = 0.25;

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

double AllocBudget::aftermath_ns(const AllocLoad& load,
                                 const AllocMeasured& measured) const noexcept {
  return kAftermathShare * one_trap_ns(measured) * load.hits;
}

double AllocBudget::idle_cost_ns(double hits, double trap_ns) const noexcept {
  return hits * (trap_ns + kIdleProgramNs);
}

// What is left of the time is shared out by calls: breakpoints are hit before the first and after
// the last that is recorded, too, for as long as sonde waits for a CPU itself.
AllocTime AllocBudget::recorded(const AllocLoad& load,
                                const AllocMeasured& measured) const noexcept {
  // Less than this cannot be told from an error.
  constexpr double kLeastShare = 0.005;
  const double recorded = load.hits > 0 ? (load.hits - load.idle) / load.hits : 1;
  const double cost = cost_ns(load, measured);
  const double most_aftermath = kMostAftermathShare * one_trap_ns(measured) * load.hits;
  const double error = is_measured(measured) ? 0 : kTrapError * cost;
  const double most = load.cpu_ns - cost;
  const double least = kLeastShare * load.cpu_ns;
  return {recorded * std::max(most - aftermath_ns(load, measured), least),
          recorded * std::max(most - most_aftermath - error, 0.0),
          recorded * std::max(most + error, least)};
}

double AllocBudget::duty(const AllocLoad& load) const noexcept {
  const double cost = 2 * cost_ns(load);
  const double native = native_ns(load);
  // Of all of the time, windows and what is between, so much may be cost.
  const double most = limit_percent_ / (100 + limit_percent_);
  return limited() && cost > 0 ? most * (native + cost) / cost : 1;
}

}  // namespace sonde::tracers
