// What an ELF file asks the dynamic linker for.
#pragma once

#include <string>
#include <vector>

#include "elf/image.hpp"

namespace sonde::elf {

struct Dynamic {
  /// Names of the libraries that it needs (DT_NEEDED).
  std::vector<std::string> needed;
  /// Where to look for them, by folders with colons between; empty if it does not say.
  std::string rpath;
  std::string runpath;
  /// The dynamic linker (PT_INTERP); empty in a library and in a static program.
  std::string interpreter;
  /// It is a program that runs at any address (DF_1_PIE); of glibc 2.26 and later, or musl.
  bool is_pie = false;
};

/// Everything empty if it has no dynamic section.
Dynamic read_dynamic(const Image& image);

}  // namespace sonde::elf
