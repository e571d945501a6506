// Finds the functions and inlined calls around addresses. Goes through the entries of a unit from
// front to back and follows no link, so that it ends whatever the links say.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dwarf/budget.hpp"
#include "dwarf/code_ranges.hpp"
#include "dwarf/debug_sections.hpp"
#include "dwarf/scope.hpp"
#include "dwarf/unit_root.hpp"

namespace sonde::dwarf {

class ScopeScan {
 public:
  /// `addresses` are sorted and unique, and outlive this, as `sections` does.
  ScopeScan(const DebugSections& sections, std::span<const std::uint64_t> addresses,
            Budget& budget);

  void scan(const UnitRoot& root, std::uint32_t unit);

  const std::vector<Scope>& scopes() const noexcept { return scopes_; }
  /// For each address the innermost scope that holds it, or kNone. Of several that were laid over
  /// each other, as when identical functions are folded, the first.
  const std::vector<std::uint32_t>& innermost() const noexcept { return innermost_; }

 private:
  /// An entry whose children are being read.
  struct Open {
    std::uint64_t depth = 0;  // of its children
    Scope scope;
    std::uint32_t index = kNone;  // in scopes_, once it is wanted
    bool covers = false;          // an address
  };

  Scope read_scope(Cursor& cursor, const UnitRoot& root, const Abbreviation& entry,
                   CodePlace& place) const;
  bool add(Open& opened, const UnitRoot& root, const CodePlace& place);
  void offer(Open& opened, std::size_t address);
  std::uint32_t index_of(std::size_t position);
  void close(std::uint64_t depth);

  const DebugSections& sections_;
  std::span<const std::uint64_t> addresses_;
  Budget& budget_;
  std::vector<Scope> scopes_;
  std::vector<bool> is_open_;  // by scope
  std::vector<std::uint32_t> innermost_;
  std::vector<Open> open_;
  std::vector<CodeRange> ranges_;
};

}  // namespace sonde::dwarf
