#pragma once

#include <optional>

#include "elf/image.hpp"

namespace sonde::elf {

/// A copy of the vDSO that the kernel maps into every process of our own word size; nothing if it
/// maps none.
std::optional<Image> open_vdso();

}  // namespace sonde::elf
