// The library of tests/testprogs/symbols.cpp, and what nm says is in it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "elf_files.hpp"

namespace sonde::test {

struct NmSymbol {
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  char type = 0;
  std::string name;
};

/// Functions with a size that nm lists for a file; `options` such as "-D" or "-C".
std::vector<NmSymbol> nm_functions(const std::string& file, const std::string& options = {});
/// The one of this name, whether it has a size or not; throws if there is none.
NmSymbol nm_symbol(const std::string& file, const std::string& name);

/// find_elf_names without a debuginfod.
std::vector<std::string> names_in(const elf::Image& image, const std::string& path,
                                  const std::string& root, std::span<const std::uint64_t> vaddrs);
/// Of one address.
std::string name_in(const std::string& file, std::uint64_t vaddr,
                    const std::string& root = "/nonexistent");

inline const std::string kLibrary = SYMBOLS_LIBRARY;

}  // namespace sonde::test
