#pragma once

#include <cstdint>
#include <limits>

#include "dwarf/attribute_value.hpp"

namespace sonde::dwarf {

inline constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

/// A function, or a call that was inlined, as its entry tells it.
struct Scope {
  bool is_inlined = false;
  std::uint64_t entry = 0;  // offset in .debug_info
  std::uint32_t unit = 0;
  /// Index of the scope that it was inlined into.
  std::uint32_t parent = kNone;
  /// The name is that of `origin`, unless there is one here.
  Value linkage_name;
  Value name;
  Value origin;
  /// Where the call was; a file of the unit's line program.
  std::uint64_t call_file = 0;
  std::uint64_t call_line = 0;
};

}  // namespace sonde::dwarf
