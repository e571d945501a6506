// Functions of an ELF file by name.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "elf/image.hpp"

namespace sonde::probe {

struct Function {
  std::string name;
  /// ELF virtual address.
  std::uint64_t address = 0;
  /// 0 if the symbol does not say, as in hand-written assembly.
  std::uint64_t size = 0;
};

/// The functions in .symtab and .dynsym whose name, without a version, `wanted` accepts; sorted by
/// address and name, each once. Symbols that lead outside executable sections are left out, and so
/// is STT_GNU_IFUNC: its address is that of the resolver.
std::vector<Function> find_functions(const elf::Image& image,
                                     const std::function<bool(std::string_view)>& wanted);

}  // namespace sonde::probe
