// What the debug information of a file tells about addresses: the functions that were inlined
// there, and source lines. An own reader of DWARF 2 to 5, since a profiler that runs as root meets
// the files of every user: it never trusts an offset, follows no cycle, and reads in pieces, so
// that neither a hostile file nor one of gigabytes takes the machine.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dwarf/scope.hpp"
#include "elf/image.hpp"

namespace sonde::dwarf {

/// Whether the file itself has debug information that we can read.
bool has_debug_info(const elf::Image& image);
/// Whether it has some that is compressed by another method than zlib, which we cannot.
bool is_compressed_otherwise(const elf::Image& image);

/// One of the functions at an address.
struct Call {
  /// Index into AddressInfo's names; kNone if it has none.
  std::uint32_t name = kNone;
  /// Index into its files; kNone if unknown, as is the line then.
  std::uint32_t file = kNone;
  std::uint32_t line = 0;
};

struct FunctionName {
  /// As compilers mangle it, or as the source has it.
  std::string text;
  /// What comes before a name of the latter kind: "orbit::(anonymous namespace)::".
  std::string within;
};

struct AddressInfo {
  /// For each address the calls that were inlined there, innermost first, then the function itself.
  /// Empty if nothing is known; one without a name if only its line is.
  std::vector<std::vector<Call>> calls;
  std::vector<FunctionName> names;
  std::vector<std::string> files;
  /// The file made us read so much that we gave up.
  bool gave_up = false;
  /// Units that hold some of the addresses are split: what they tell is in .dwo or .dwp files,
  /// which are not read. Lines are known.
  bool is_split = false;
};

/// For each of `addresses`, sorted and unique ELF virtual addresses. `alternate` is the file that
/// .gnu_debugaltlink of `image` names, or null. Reads the units that hold one of the addresses, and
/// keeps nothing.
AddressInfo look_up(const elf::Image& image, const elf::Image* alternate,
                    std::span<const std::uint64_t> addresses);

}  // namespace sonde::dwarf
