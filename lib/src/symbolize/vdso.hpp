#pragma once

#include <optional>

#include "symbolize/elf_image.hpp"

namespace sonde::symbolize {

/// A copy of the vDSO that the kernel maps into every process of our own word size; nothing if it
/// maps none.
std::optional<ElfImage> open_vdso();

}  // namespace sonde::symbolize
