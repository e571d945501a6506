#pragma once

#include <vector>

#include <sonde/config.hpp>
#include <sonde/report.hpp>
#include "core/features.hpp"

namespace sonde::tracers {

/// Which hooks the system call tracer uses with these features. Pure: asks nothing but `features`.
struct SyscallPlan {
  /// Begins of calls are looked at, not only their ends.
  bool timed = true;
  bool in_flight = true;
  /// Calls that began before sonde are found.
  bool seeds = true;
  /// With counting only: exit and exit_group are found.
  bool counts_exits = true;
  bool io_uring = true;
  /// With stacks: new mappings come by the kernel's records.
  bool sideband = false;
  /// Stacks by call frame information.
  bool cfi = false;
  /// And what processes map by the kernel's records.
  bool by_process = false;
  bool batches = false;
  bool program_time = false;
  std::vector<PlanEntry> entries;
};

/// IncompatibleKernel if the configuration needs what the kernel lacks.
Result<SyscallPlan> plan_syscall(const EbpfConfig& config, const core::FeatureSet& features);

/// The kernel turned out to have no io_uring tracepoints that are known.
void without_io_uring(SyscallPlan& plan);

}  // namespace sonde::tracers
