#include "tracers/mem/alloc_budget.hpp"

#include <algorithm>

namespace sonde::tracers {
namespace {

// An unsampled call beyond the trap of an empty program: the program's run by BPF's statistics, and
// what a session costs more than a plain link. What a sample adds: its stack, its site, and its
// memory among the live ones.
constexpr double kProgramNs = 280;
constexpr double kSampleNs = 2000;
// A return's trap against that of an emulated instruction.
constexpr double kReturnShare = 0.6;

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

double AllocBudget::pause_ns(const AllocLoad& load, double busy) const noexcept {
  if (!limited() || busy <= 0) return 0;
  const double wanted = 100 * cost_ns(load) / limit_percent_;  // of native CPU time
  return std::max(wanted - native_ns(load), 0.0) / busy;
}

}  // namespace sonde::tracers
