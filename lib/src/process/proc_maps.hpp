// Parser of /proc/PID/maps, kept to what can hold code.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "process/mapping.hpp"

namespace sonde::process {

struct MapsEntry {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t file_offset = 0;
  FileId file;
  std::string path;  // bytes, " (deleted)" included; empty for anonymous memory
};

/// The executable mappings of `text`, in its order. Lines that are not in the kernel's format are
/// skipped.
std::vector<MapsEntry> parse_maps(std::string_view text);

/// What a mapping of this name and file is. Anonymous covers everything that can hold code without
/// a file that describes it: private memory, /dev/zero, huge pages and System V shared memory.
Mapping::Kind classify_mapping(std::string_view path, const FileId& file);

/// A memfd is a file, but a JIT compiler may keep its code in one.
bool may_hold_jit_code(Mapping::Kind kind, std::string_view path);

}  // namespace sonde::process
