// One attribute of an entry.
#pragma once

#include <cstdint>
#include <optional>

#include "dwarf/abbreviations.hpp"
#include "dwarf/cursor.hpp"
#include "dwarf/unit.hpp"

namespace sonde::dwarf {

struct Value {
  enum class Kind {
    none,
    constant,
    address,
    address_index,     // in .debug_addr
    entry,             // offset in .debug_info
    alternate_entry,   // the same in the file of .gnu_debugaltlink
    text_here,         // offset in the section that is read
    text,              // offset in .debug_str
    line_text,         // offset in .debug_line_str
    alternate_text,    // offset in .debug_str of the file of .gnu_debugaltlink
    text_index,        // in .debug_str_offsets
    offset,            // in a section that the attribute implies
    range_list_index,  // in .debug_rnglists
    other,
  };
  Kind kind = Kind::none;
  std::uint64_t number = 0;

  explicit operator bool() const noexcept { return kind != Kind::none; }
};

/// Bytes of a value of this form, if that is always the same.
std::optional<std::uint32_t> fixed_size(std::uint64_t form, const Unit& unit) noexcept;

/// Reads a value; the cursor fails on a form that is not known.
Value read_value(Cursor& cursor, const AttributeSpec& spec, const Unit& unit);

/// Goes past the attributes of an entry.
void skip_attributes(Cursor& cursor, const Abbreviations& table, const Abbreviation& of,
                     const Unit& unit);

}  // namespace sonde::dwarf
