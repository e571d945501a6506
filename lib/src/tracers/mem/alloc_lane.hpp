#pragma once

#include <memory>

#include <sonde/config.hpp>
#include "tracers/mem/alloc_probes.hpp"
#include "tracers/mem/lane.hpp"
#include "tracers/mem/plan.hpp"
#include "tracers/target_filter.hpp"

namespace sonde::tracers {

/// The allocation lane: what malloc and what is like it give out, by user stack, and with
/// MemoryOptions::live what was not freed. What it is given outlives it. `probes`: of
/// find_alloc_targets().
std::unique_ptr<MemLane> make_alloc_lane(const EbpfConfig& config, const MemPlan& plan,
                                         const TargetFilter& filter,
                                         std::unique_ptr<AllocProbes> probes,
                                         StackRecorder& stacks);

/// For an object whose allocation lane is not used: leaves out what kernels may lack.
void leave_out_alloc_lane(mem_bpf& object);

}  // namespace sonde::tracers
