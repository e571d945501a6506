// Functions that do nothing but call another one.
#pragma once

#include <string>

#include "elf/image.hpp"
#include "probe/functions.hpp"

namespace sonde::probe {

/// The name of the function that this one jumps to in tail position, without a branch or a call
/// before, through the dynamic linker's slot: each call of this function is a call of that one.
/// Empty if it does something else.
std::string forwards_to(const elf::Image& image, const Function& function);

}  // namespace sonde::probe
