// Bounds what a report says of stacks.
#pragma once

#include <cstddef>

#include <sonde/report.hpp>

namespace sonde::report {

/// The only frame of a stack that stands for many.
inline constexpr const char* kOtherStacks = "[other stacks]";

/// Keeps the `most` largest stacks of a profile. The others are added up, those with the same
/// details as one stack of process 0 with the frame kOtherStacks: all sums stay as they were.
void fold_rest(StackProfile& profile, std::size_t most);

}  // namespace sonde::report
