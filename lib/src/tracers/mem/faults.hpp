#pragma once

#include <memory>

#include "tracers/mem/lane.hpp"
#include "tracers/mem/plan.hpp"
#include "tracers/target_filter.hpp"

namespace sonde::tracers {

/// The faults lane: growth and release of resident memory, and of address spaces, by user stack,
/// and what each process has before and after. What it is given outlives it.
std::unique_ptr<MemLane> make_fault_lane(const MemoryOptions& options, const MemPlan& plan,
                                         const TargetFilter& filter, StackRecorder& stacks);

}  // namespace sonde::tracers
