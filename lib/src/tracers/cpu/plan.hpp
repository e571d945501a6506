#pragma once

#include <vector>

#include <sonde/config.hpp>
#include <sonde/report.hpp>
#include "core/features.hpp"

namespace sonde::tracers {

/// Which hooks the CPU profiler uses with these features. Pure: asks nothing but `features`.
struct CpuPlan {
  bool hardware_cycles = false;
  bool sideband = false;
  bool batches = false;
  bool kernel_lookup = false;
  bool kernel_symbols = false;
  bool program_time = false;
  bool cfi = false;
  /// And what processes map by the kernel's records.
  bool by_process = false;
  std::vector<PlanEntry> entries;
};

/// IncompatibleKernel if the configuration insists on an event that the machine lacks.
Result<CpuPlan> plan_cpu(const EbpfConfig& config, const core::FeatureSet& features);

}  // namespace sonde::tracers
