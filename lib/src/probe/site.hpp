// Where in a function a breakpoint costs least and still sees every call once, with its arguments.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <sonde/error.hpp>
#include "elf/image.hpp"
#include "probe/functions.hpp"
#include "probe/instruction.hpp"

namespace sonde::probe {

struct SiteNeeds {
  /// The first so many integer arguments must still be in their registers; at most 6. Nothing:
  /// those that the function uses, as far as its head tells. A register that is overwritten before
  /// it was read carries no argument, or one that the function ignores.
  std::optional<unsigned> arguments;
  /// The kernel finds the return address at rsp, so rsp must not have moved: anywhere else it
  /// would overwrite what the function keeps there.
  bool return_probe = false;
};

struct Site {
  /// ELF virtual address, and where in the file that is.
  std::uint64_t address = 0;
  std::uint64_t file_offset = 0;
  /// Bytes behind the entry.
  std::uint64_t from_entry = 0;
  SiteKind kind = SiteKind::stepped;
  /// How far rsp is below its value at the entry.
  std::int64_t stack_depth = 0;
  /// In AT&T syntax.
  std::string instruction;

  bool emulated() const noexcept { return kind != SiteKind::stepped; }
};

/// The first emulated instruction that every call reaches exactly once, else the entry.
/// UnsupportedPlatform for another machine's code; EventProcessingFailed if the function's bytes
/// are not in the file or are no instructions.
Result<Site> find_site(const elf::Image& image, const Function& function, const SiteNeeds& needs);

/// The instruction right behind an emulated site, if that is emulated, too, and every call that
/// reaches the one goes on to the other, once.
std::optional<Site> find_second_site(const elf::Image& image, const Function& function,
                                     const Site& first);

}  // namespace sonde::probe
