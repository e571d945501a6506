// Bounds how many stacks a report has.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "symbolize/symbolizer.hpp"

namespace sonde::symbolize {

/// `stacks`, if they are not more than `most`. Else equal ones are added up; where they are still
/// more, those that processes of one name have in common are one, of process 0; and where that is
/// not enough, the largest are kept, and the others added up, those of the same name, label and
/// details as one stack that is left_out, of process 0. Sums stay as they are.
std::vector<RawStack> largest_stacks(std::span<const RawStack> stacks, std::size_t most);

}  // namespace sonde::symbolize
