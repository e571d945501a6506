// Names of addresses in one ELF file, from wherever its symbols are kept.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "elf/image.hpp"
#include "symbolize/debug_files.hpp"

namespace sonde::symbolize {

/// Whether the file itself has the symbols of its local functions.
bool has_full_symbols(const elf::Image& image);

/// For each of `vaddrs` (sorted, unique) the demangled name of the function that holds it, or an
/// empty string. Takes .symtab of the file, else of its separate debug file, else of
/// .gnu_debugdata; .dynsym always joins in.
std::vector<std::string> find_elf_names(DebugFiles& files, std::span<const std::uint64_t> vaddrs);

}  // namespace sonde::symbolize
