// The namespaces and types around entries, for functions that have no linkage name to tell them:
// static ones, and those in anonymous namespaces.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dwarf/budget.hpp"
#include "dwarf/debug_sections.hpp"
#include "dwarf/unit_root.hpp"

namespace sonde::dwarf {

/// For each of `entries` (sorted offsets in the unit of `root`) what comes before its name, such as
/// "orbit::(anonymous namespace)::Station::"; often empty. `alternate` is the file of
/// .gnu_debugaltlink, or null.
std::vector<std::string> find_enclosing_names(const DebugSections& sections,
                                              const DebugSections* alternate, const UnitRoot& root,
                                              std::span<const std::uint64_t> entries,
                                              Budget& budget);

}  // namespace sonde::dwarf
