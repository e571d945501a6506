// The first entry of a unit: what its other entries are relative to.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "dwarf/abbreviations.hpp"
#include "dwarf/attribute_value.hpp"
#include "dwarf/budget.hpp"
#include "dwarf/debug_sections.hpp"
#include "dwarf/unit.hpp"

namespace sonde::dwarf {

/// Where the code of an entry is, as its attributes say it.
struct CodePlace {
  Value low;
  Value high;
  Value ranges;

  /// Takes the attribute if it is one of these.
  bool take(std::uint64_t name, const Value& value) noexcept;
};

struct UnitRoot {
  Unit unit;
  std::shared_ptr<const Abbreviations> abbreviations;
  CodePlace code;
  std::uint64_t low_pc = 0;
  Value directory;
  Value statements;
  std::uint64_t str_offsets_base = 0;
  std::uint64_t addr_base = 0;
  std::uint64_t rnglists_base = 0;
  /// Its entries are in a .dwo file.
  bool is_split = false;
};

/// Reads roots, one after the other; tables that follow each other's units are read once.
class RootReader {
 public:
  RootReader(const DebugSections& sections, Budget& budget)
      : sections_(&sections), budget_(&budget) {}

  /// Nothing if the unit is not understood or has no root, or the budget is spent.
  std::optional<UnitRoot> read(const Unit& unit);
  /// The same, but its abbreviations may be no more than the root's: most units hold nothing that
  /// is wanted, and their tables are most of what there is to read.
  std::optional<UnitRoot> glance(const Unit& unit);

 private:
  const Abbreviations* table_of(const Unit& unit);
  std::optional<UnitRoot> read_entry(const Unit& unit, Cursor cursor, const Abbreviation* entry,
                                     std::shared_ptr<const Abbreviations> table);

  const DebugSections* sections_;
  Budget* budget_;
  std::shared_ptr<const Abbreviations> last_;
};

/// An address, in .debug_addr if need be.
std::optional<std::uint64_t> address_of(const DebugSections& sections, const UnitRoot& root,
                                        const Value& value);

}  // namespace sonde::dwarf
