#include "dwarf/attribute_value.hpp"

#include "dwarf/constants.hpp"

namespace sonde::dwarf {
namespace {

using Kind = Value::Kind;

Value skip_block(Cursor& cursor, std::uint64_t length) {
  cursor.skip(length);
  return {Kind::other, 0};
}

Value skip_text(Cursor& cursor) {
  const Value value{Kind::text_here, cursor.position()};
  cursor.skip_string();
  return value;
}

// References within the unit become offsets in the section.
Value in_unit(const Unit& unit, std::uint64_t offset) {
  return {Kind::entry, unit.offset + offset};
}

}  // namespace

std::optional<std::uint32_t> fixed_size(std::uint64_t form, const Unit& unit) noexcept {
  switch (form) {
    case form::kFlagPresent:
    case form::kImplicitConst:
      return 0;
    case form::kData1:
    case form::kFlag:
    case form::kRef1:
    case form::kStrx1:
    case form::kAddrx1:
      return 1;
    case form::kData2:
    case form::kRef2:
    case form::kStrx2:
    case form::kAddrx2:
      return 2;
    case form::kStrx3:
    case form::kAddrx3:
      return 3;
    case form::kData4:
    case form::kRef4:
    case form::kRefSup4:
    case form::kStrx4:
    case form::kAddrx4:
      return 4;
    case form::kData8:
    case form::kRef8:
    case form::kRefSig8:
    case form::kRefSup8:
      return 8;
    case form::kData16:
      return 16;
    case form::kAddr:
      return unit.address_size;
    case form::kRefAddr:
      // Of the size of an address in DWARF 2.
      return unit.version == 2 ? unit.address_size : unit.offset_size();
    case form::kStrp:
    case form::kLineStrp:
    case form::kStrpSup:
    case form::kSecOffset:
    case form::kGnuRefAlt:
    case form::kGnuStrpAlt:
      return unit.offset_size();
    default:
      return std::nullopt;
  }
}

Value read_value(Cursor& cursor, const AttributeSpec& spec, const Unit& unit) {
  switch (spec.form) {
    case form::kAddr:
      return {Kind::address, cursor.read_address(unit.address_size)};
    case form::kData1:
      return {Kind::constant, cursor.read<std::uint8_t>()};
    case form::kData2:
      return {Kind::constant, cursor.read<std::uint16_t>()};
    case form::kData4:
      return {Kind::constant, cursor.read<std::uint32_t>()};
    case form::kData8:
      return {Kind::constant, cursor.read<std::uint64_t>()};
    case form::kSdata:
      return {Kind::constant, static_cast<std::uint64_t>(cursor.sleb())};
    case form::kUdata:
      return {Kind::constant, cursor.uleb()};
    case form::kImplicitConst:
      return {Kind::constant, static_cast<std::uint64_t>(spec.implicit)};
    case form::kFlag:
      return {Kind::other, cursor.read<std::uint8_t>()};
    case form::kFlagPresent:
      return {Kind::other, 1};
    case form::kString:
      return skip_text(cursor);
    case form::kStrp:
      return {Kind::text, cursor.read_offset(unit.is_64)};
    case form::kLineStrp:
      return {Kind::line_text, cursor.read_offset(unit.is_64)};
    case form::kStrpSup:
    case form::kGnuStrpAlt:
      return {Kind::alternate_text, cursor.read_offset(unit.is_64)};
    case form::kStrx:
    case form::kGnuStrIndex:
      return {Kind::text_index, cursor.uleb()};
    case form::kStrx1:
      return {Kind::text_index, cursor.read<std::uint8_t>()};
    case form::kStrx2:
      return {Kind::text_index, cursor.read<std::uint16_t>()};
    case form::kStrx3:
      return {Kind::text_index, cursor.read_u24()};
    case form::kStrx4:
      return {Kind::text_index, cursor.read<std::uint32_t>()};
    case form::kAddrx:
    case form::kGnuAddrIndex:
      return {Kind::address_index, cursor.uleb()};
    case form::kAddrx1:
      return {Kind::address_index, cursor.read<std::uint8_t>()};
    case form::kAddrx2:
      return {Kind::address_index, cursor.read<std::uint16_t>()};
    case form::kAddrx3:
      return {Kind::address_index, cursor.read_u24()};
    case form::kAddrx4:
      return {Kind::address_index, cursor.read<std::uint32_t>()};
    case form::kRef1:
      return in_unit(unit, cursor.read<std::uint8_t>());
    case form::kRef2:
      return in_unit(unit, cursor.read<std::uint16_t>());
    case form::kRef4:
      return in_unit(unit, cursor.read<std::uint32_t>());
    case form::kRef8:
      return in_unit(unit, cursor.read<std::uint64_t>());
    case form::kRefUdata:
      return in_unit(unit, cursor.uleb());
    case form::kRefAddr:
      return {Kind::entry, unit.version == 2 ? cursor.read_address(unit.address_size)
                                             : cursor.read_offset(unit.is_64)};
    case form::kGnuRefAlt:
      return {Kind::alternate_entry, cursor.read_offset(unit.is_64)};
    case form::kRefSup4:
      return {Kind::alternate_entry, cursor.read<std::uint32_t>()};
    case form::kRefSup8:
      return {Kind::alternate_entry, cursor.read<std::uint64_t>()};
    case form::kRefSig8:
      return skip_block(cursor, 8);
    case form::kSecOffset:
      return {Kind::offset, cursor.read_offset(unit.is_64)};
    case form::kRnglistx:
      return {Kind::range_list_index, cursor.uleb()};
    case form::kLoclistx:
      return {Kind::other, cursor.uleb()};
    case form::kData16:
      return skip_block(cursor, 16);
    case form::kBlock1:
      return skip_block(cursor, cursor.read<std::uint8_t>());
    case form::kBlock2:
      return skip_block(cursor, cursor.read<std::uint16_t>());
    case form::kBlock4:
      return skip_block(cursor, cursor.read<std::uint32_t>());
    case form::kBlock:
    case form::kExprloc:
      return skip_block(cursor, cursor.uleb());
    case form::kIndirect: {
      const AttributeSpec actual{spec.name, cursor.uleb(), 0, {}};
      if (actual.form != form::kIndirect) return read_value(cursor, actual, unit);
      break;
    }
    default:
      break;
  }
  cursor.fail();
  return {};
}

void skip_attributes(Cursor& cursor, const Abbreviations& table, const Abbreviation& of,
                     const Unit& unit) {
  if (of.fixed_size) {
    cursor.skip(*of.fixed_size);
    return;
  }
  for (const AttributeSpec& spec : table.attributes(of)) {
    if (spec.size) {
      cursor.skip(*spec.size);
    } else {
      read_value(cursor, spec, unit);
    }
  }
}

}  // namespace sonde::dwarf
