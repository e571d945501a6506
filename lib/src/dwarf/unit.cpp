#include "dwarf/unit.hpp"

#include <algorithm>

#include "dwarf/constants.hpp"

namespace sonde::dwarf {
namespace {

constexpr std::size_t kMostUnits = std::size_t{1} << 20;
constexpr std::uint32_t kFormat64 = 0xffffffff;

void read_header_5(Cursor& cursor, Unit& unit) {
  unit.type = cursor.read<std::uint8_t>();
  unit.address_size = cursor.read<std::uint8_t>();
  unit.abbreviations = cursor.read_offset(unit.is_64);
  if (unit.type == unit_type::kSkeleton || unit.type == unit_type::kSplitCompile) {
    cursor.skip(8);  // dwo_id
  } else if (unit.type == unit_type::kType || unit.type == unit_type::kSplitType) {
    cursor.skip(8 + unit.offset_size());  // signature and offset of the type
  }
}

}  // namespace

std::optional<Unit> read_unit(const Section& info, std::uint64_t offset) {
  Cursor cursor(info, offset, info.size(), 64);
  Unit unit;
  unit.offset = offset;
  std::uint64_t length = cursor.read<std::uint32_t>();
  if (length == kFormat64) {
    unit.is_64 = true;
    length = cursor.read<std::uint64_t>();
  }
  const std::uint64_t start = cursor.position();
  if (cursor.failed() || length == 0 || length > info.size() - start) return std::nullopt;
  unit.end = start + length;
  unit.version = cursor.read<std::uint16_t>();
  if (unit.version == 5) {
    read_header_5(cursor, unit);
  } else {
    unit.type = unit_type::kCompile;
    unit.abbreviations = cursor.read_offset(unit.is_64);
    unit.address_size = cursor.read<std::uint8_t>();
  }
  unit.first_entry = cursor.position();
  const bool understood = unit.version >= 2 && unit.version <= 5 && unit.address_size <= 8;
  if (!understood || cursor.failed() || unit.first_entry > unit.end) unit.version = 0;
  return unit;
}

std::optional<Unit> UnitReader::next() {
  if (count_ == kMostUnits) return std::nullopt;
  std::optional<Unit> unit = read_unit(info_, offset_);
  if (unit) {
    offset_ = unit->end;
    ++count_;
  }
  return unit;
}

std::vector<Unit> read_units(const Section& info) {
  std::vector<Unit> units;
  UnitReader reader(info);
  while (const std::optional<Unit> unit = reader.next())
    units.push_back(*unit);
  return units;
}

const Unit* find_unit(const std::vector<Unit>& units, std::uint64_t offset) {
  const auto after =
      std::upper_bound(units.begin(), units.end(), offset,
                       [](std::uint64_t wanted, const Unit& unit) { return wanted < unit.offset; });
  if (after == units.begin()) return nullptr;
  const Unit& unit = *std::prev(after);
  const bool holds = unit.version != 0 && offset >= unit.first_entry && offset < unit.end;
  return holds ? &unit : nullptr;
}

}  // namespace sonde::dwarf
