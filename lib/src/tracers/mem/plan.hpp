#pragma once

#include <string>
#include <vector>

#include <sonde/config.hpp>
#include <sonde/report.hpp>
#include "core/features.hpp"

namespace sonde::tracers {

/// Which hooks the memory tracer uses with these features. Pure: asks nothing but `features`.
struct MemPlan {
  bool faults = false;
  /// Resident memory is known page by page.
  bool exact = false;
  /// The end of an address space is seen.
  bool space_ends = false;
  /// Changes of the address space are seen.
  bool address_space = false;
  /// Major faults with their latency, and writes to shared memory.
  bool page_faults = false;
  bool wants_page_faults = true;
  /// What the kernel allocates is followed.
  bool kernel = false;
  /// Processes killed for want of memory are explained.
  bool oom = false;
  /// Allocations are traced, and not resident memory.
  bool alloc = false;
  /// Breakpoints are attached many at once.
  bool alloc_multi = false;
  /// Returns are waited for only where that is wanted.
  bool alloc_session = false;
  bool sideband = false;
  bool batches = false;
  bool kernel_lookup = false;
  bool program_time = false;
  bool cfi = false;
  /// And what processes map by the kernel's records.
  bool by_process = false;
  std::vector<PlanEntry> entries;
};

/// How allocations would be traced, which the plan tells where they are asked for.
PlanEntry allocation_entry(const core::FeatureSet& features);

/// Of a plan for allocations where some of the targets cannot be probed, or all: what makes their
/// memory grow is shown in place of it. `why`: the sentence that says so.
Result<void> plan_faults_instead(const core::FeatureSet& features, const std::string& why, bool all,
                                 MemPlan& plan);

/// IncompatibleKernel if what was asked for cannot be had at all.
Result<MemPlan> plan_mem(const EbpfConfig& config, const core::FeatureSet& features);

}  // namespace sonde::tracers
