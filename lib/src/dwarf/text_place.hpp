#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "dwarf/attribute_value.hpp"
#include "dwarf/debug_sections.hpp"
#include "dwarf/unit_root.hpp"

namespace sonde::dwarf {

/// Where a string is.
struct TextPlace {
  const Section* section = nullptr;
  std::uint64_t offset = 0;
  friend auto operator<=>(const TextPlace&, const TextPlace&) = default;
};

/// The place of the string that `value`, an attribute read from `here`, stands for. `alternate` is
/// the file of .gnu_debugaltlink, or null.
std::optional<TextPlace> text_place(const Value& value, const UnitRoot& root, const Section& here,
                                    const DebugSections& sections, const DebugSections* alternate);

}  // namespace sonde::dwarf
