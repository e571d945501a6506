#pragma once

#include <sonde/error.hpp>

namespace sonde::core {

/// What one hit of a breakpoint costs its thread, with a program that does nothing, in
/// nanoseconds: at an instruction that the kernel emulates, and at one that it executes in a single
/// step.
struct TrapCost {
  double emulated_ns = 0;
  double stepped_ns = 0;
};

/// Hits breakpoints in the calling process only, for some 15 ms. `attach_type`: as
/// UprobeLinks::attach(); a session that does not wait for returns costs more than a plain link.
/// UnsupportedPlatform on another machine than x86-64, InsufficientPermissions, LoadFailed or
/// AttachFailed otherwise.
Result<TrapCost> measure_trap_cost(unsigned attach_type);

}  // namespace sonde::core
