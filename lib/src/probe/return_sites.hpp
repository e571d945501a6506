// Where in a function breakpoints see every return with its result, without touching its stack.
#pragma once

#include <vector>

#include <sonde/error.hpp>
#include "elf/image.hpp"
#include "probe/site.hpp"

namespace sonde::probe {

/// One site for each return instruction: an instruction before it that the kernel emulates, that
/// each way to this return leads over, and behind which the result in rax stays as it is; else the
/// return itself. Empty if the function also leaves in ways that have no such place: by a call in
/// tail position or a computed jump. Errors as find_site().
Result<std::vector<Site>> find_return_sites(const elf::Image& image, const Function& function);

}  // namespace sonde::probe
