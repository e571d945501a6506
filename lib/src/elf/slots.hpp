// Which function the dynamic linker puts into a slot.
#pragma once

#include <cstdint>
#include <string>

#include "elf/image.hpp"

namespace sonde::elf {

/// The name of the symbol, without its version, whose address gets to `slot`, a virtual address;
/// empty if no relocation says so.
std::string symbol_of_slot(const Image& image, std::uint64_t slot);

}  // namespace sonde::elf
