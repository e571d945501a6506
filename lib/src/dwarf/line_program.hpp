// The line program of a unit: which source line each instruction is of.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dwarf/attribute_value.hpp"
#include "dwarf/budget.hpp"
#include "dwarf/cursor.hpp"
#include "dwarf/debug_sections.hpp"
#include "dwarf/line_machine.hpp"
#include "dwarf/unit_root.hpp"

namespace sonde::dwarf {

class LineProgram {
 public:
  /// Nothing if the unit has none, or one that cannot be read. `sections` outlive it.
  static std::optional<LineProgram> open(const DebugSections& sections, const UnitRoot& root,
                                         Budget& budget);

  struct Row {
    std::uint64_t file = 0;
    std::uint64_t line = 0;  // 0: none
  };
  /// Sets the row of each of `addresses` (sorted, unique) that a sequence of the program holds.
  void find_rows(std::span<const std::uint64_t> addresses, std::span<Row> rows,
                 Budget& budget) const;

  /// As it was given to the compiler, made absolute where the unit tells its directory; empty if
  /// there is no such file.
  std::string file_name(std::uint64_t file) const;

 private:
  struct File {
    Value name;
    std::uint64_t directory = 0;
  };

  LineProgram(const DebugSections& sections, const UnitRoot& root)
      : sections_(&sections), root_(root), unit_(root.unit) {}
  bool read_header(std::uint64_t offset, Budget& budget);
  void read_old_names(Cursor& cursor, Budget& budget);
  bool read_names(Cursor& cursor, bool directories, Budget& budget);
  std::string text(const Value& value, const Section& here) const;
  std::string directory_name(std::uint64_t index) const;

  const DebugSections* sections_;
  UnitRoot root_;
  Unit unit_;  // as the program's header has version and sizes
  std::uint64_t start_ = 0;
  std::uint64_t end_ = 0;
  LineEncoding encoding_;
  std::vector<Value> directories_;  // the first is the unit's own
  std::vector<File> files_;
};

}  // namespace sonde::dwarf
