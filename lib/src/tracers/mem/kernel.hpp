#pragma once

#include <memory>

#include "tracers/mem/lane.hpp"
#include "tracers/mem/plan.hpp"

namespace sonde::tracers {

/// The kernel lane: what the kernel allocates and does not free, by kernel stack, and why it killed
/// processes for want of memory. What it is given outlives it.
std::unique_ptr<MemLane> make_kernel_lane(const MemPlan& plan, StackRecorder& stacks);

/// Without the lane its maps would be made all the same.
void leave_out_kernel_lane(mem_bpf& object);

}  // namespace sonde::tracers
