// The addresses that an entry of .debug_info covers.
#pragma once

#include <cstdint>
#include <vector>

#include "dwarf/budget.hpp"
#include "dwarf/debug_sections.hpp"
#include "dwarf/unit_root.hpp"

namespace sonde::dwarf {

struct CodeRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// Replaces what `ranges` holds. Left out is code that the linker removed, whose addresses it set
/// to 0, 1 or the highest ones.
void read_code_ranges(const DebugSections& sections, const UnitRoot& root, const CodePlace& place,
                      Budget& budget, std::vector<CodeRange>& ranges);

}  // namespace sonde::dwarf
