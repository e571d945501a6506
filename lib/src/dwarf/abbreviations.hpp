// What the entries of a unit consist of: a table of .debug_abbrev.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dwarf/section.hpp"
#include "dwarf/unit.hpp"

namespace sonde::dwarf {

struct AttributeSpec {
  std::uint64_t name = 0;
  std::uint64_t form = 0;
  std::int64_t implicit = 0;  // the value, for DW_FORM_implicit_const
  /// Bytes of the value, if that is the same for every entry.
  std::optional<std::uint32_t> size;
};

struct Abbreviation {
  std::uint64_t code = 0;
  std::uint64_t tag = 0;
  bool has_children = false;
  std::uint32_t first = 0;  // of the table's attributes
  std::uint32_t count = 0;
  /// Bytes of all its attributes together, if that is the same for every entry.
  std::optional<std::uint32_t> fixed_size;
};

class Abbreviations {
 public:
  static constexpr std::uint64_t kAll = 0;  // no entry has this code

  /// The table of `unit`, up to the entry of `last`. Where it is damaged, it ends.
  Abbreviations(const Section& section, const Unit& unit, std::uint64_t last = kAll);

  const Abbreviation* find(std::uint64_t code) const noexcept;
  std::span<const AttributeSpec> attributes(const Abbreviation& of) const noexcept {
    return std::span(attributes_).subspan(of.first, of.count);
  }
  /// Whether it is that of `unit`, too.
  bool serves(const Unit& unit) const noexcept;
  /// How much it took to read it.
  std::size_t size() const noexcept { return attributes_.size() + entries_.size(); }

 private:
  Unit unit_;
  std::vector<AttributeSpec> attributes_;
  std::vector<Abbreviation> entries_;  // by code
};

}  // namespace sonde::dwarf
