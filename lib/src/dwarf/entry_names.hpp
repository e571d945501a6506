// Names of entries, which may have theirs from another entry: of another unit, or of the file of
// .gnu_debugaltlink.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dwarf/budget.hpp"
#include "dwarf/debug_sections.hpp"
#include "dwarf/scope.hpp"
#include "dwarf/text_place.hpp"
#include "dwarf/unit_root.hpp"

namespace sonde::dwarf {

struct EntryName {
  TextPlace text;
  /// A plain name says nothing of what is around the function: that is around its entry, an offset
  /// in the main file or in the alternate one.
  bool is_plain = false;
  bool in_alternate = false;
  std::uint64_t entry = 0;
  friend auto operator<=>(const EntryName&, const EntryName&) = default;
};

class EntryNames {
 public:
  /// `alternate` is null if there is none. All outlive this.
  EntryNames(const DebugSections& sections, const std::vector<Unit>& units,
             const DebugSections* alternate, Budget& budget);

  /// The linkage name if there is one, else the plain name. Quick if scopes are asked for in the
  /// order of their origins.
  std::optional<EntryName> name_of(const Scope& scope, const UnitRoot& root);

  /// For each of `names`, all of them plain and sorted, what comes before it (enclosing_names.hpp).
  std::vector<std::string> enclosing(std::span<const EntryName> names);

 private:
  /// One of the two files.
  struct File {
    const DebugSections* sections;
    const DebugSections* alternate;
    RootReader roots;
    std::vector<Unit> units;
    std::optional<UnitRoot> last_root;
  };
  struct Names {
    std::optional<TextPlace> linkage;
    std::optional<TextPlace> plain;
    Value origin;
  };

  File* file_of(const Value& reference, File& from);
  const UnitRoot* root_of(File& file, std::uint64_t entry);
  Names names_at(File& file, std::uint64_t entry);
  std::optional<EntryName> follow(Value reference);

  File main_;
  std::optional<File> alternate_;
  Budget& budget_;
  std::map<std::pair<const File*, std::uint64_t>, std::optional<EntryName>> known_;
};

}  // namespace sonde::dwarf
