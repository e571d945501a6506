// Where an ELF file keeps its call frame information.
#pragma once

#include <optional>

#include "elf/image.hpp"
#include "unwind/cfi_entries.hpp"

namespace sonde::unwind {

/// .eh_frame, found by the section table or, without one, by PT_GNU_EH_FRAME; nothing if there is
/// none or it is not all in the file.
std::optional<CfiSection> read_eh_frame(const elf::Image& image);

/// .debug_frame, decompressed; nothing if there is none or it is not all in the file.
std::optional<CfiSection> read_debug_frame(const elf::Image& image);

}  // namespace sonde::unwind
