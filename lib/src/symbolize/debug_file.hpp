// What a distribution strips from a file and ships apart.
#pragma once

#include <optional>
#include <string>

#include "elf/image.hpp"

namespace sonde::symbolize {

struct DebugFile {
  elf::Image image;
  /// Without the root; empty if it has no name.
  std::string path;
};

/// The separate debug file of `image`, whose name in the traced process is `path`: by build-id in
/// /usr/lib/debug/.build-id, else by .gnu_debuglink next to the file, in .debug and in
/// /usr/lib/debug. One found by name must have the same build-id or, where there is none, the
/// checksum that the link tells. `root` is prefixed to all. Only looks at this machine: never asks
/// a debuginfod server.
std::optional<DebugFile> open_debug_file(const elf::Image& image, const std::string& path,
                                         const std::string& root);

/// The file that `debug` shares debug information with (dwz -m), which .gnu_debugaltlink names; it
/// must have the build-id that the link tells.
std::optional<elf::Image> open_alternate_file(const elf::Image& debug, const std::string& path,
                                              const std::string& root);

/// The symbols in .gnu_debugdata, an ELF file compressed with xz within the file; nothing if there
/// are none or they are damaged or expand to too much.
std::optional<elf::Image> open_mini_debuginfo(const elf::Image& image);

}  // namespace sonde::symbolize
