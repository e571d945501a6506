// Units of .debug_info: the part of a program that one compiler run described.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "dwarf/cursor.hpp"
#include "dwarf/section.hpp"

namespace sonde::dwarf {

struct Unit {
  std::uint64_t offset = 0;
  std::uint64_t first_entry = 0;
  std::uint64_t end = 0;
  std::uint64_t abbreviations = 0;  // offset in .debug_abbrev
  std::uint16_t version = 0;
  std::uint8_t type = 0;
  std::uint8_t address_size = 0;
  bool is_64 = false;  // the 64-bit format: offsets of 8 bytes

  std::uint8_t offset_size() const noexcept { return is_64 ? 8 : 4; }
};

/// The unit whose header is at `offset` of .debug_info; nothing at the end of the section and where
/// it is damaged. Of a version or type that is not understood only `offset` and `end` count, and
/// `version` is 0.
std::optional<Unit> read_unit(const Section& info, std::uint64_t offset);

/// All of them, one after the other.
class UnitReader {
 public:
  /// `info` outlives it.
  explicit UnitReader(const Section& info) : info_(info) {}
  std::optional<Unit> next();

 private:
  const Section& info_;
  std::uint64_t offset_ = 0;
  std::size_t count_ = 0;
};

/// All of them, by offset.
std::vector<Unit> read_units(const Section& info);

/// The unit that holds the entry at `offset`; null if none does.
const Unit* find_unit(const std::vector<Unit>& units, std::uint64_t offset);

}  // namespace sonde::dwarf
