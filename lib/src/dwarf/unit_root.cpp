#include "dwarf/unit_root.hpp"

#include "dwarf/constants.hpp"
#include "dwarf/cursor.hpp"

namespace sonde::dwarf {

bool CodePlace::take(std::uint64_t name, const Value& value) noexcept {
  switch (name) {
    case attribute::kLowPc:
      low = value;
      return true;
    case attribute::kHighPc:
      high = value;
      return true;
    case attribute::kRanges:
      ranges = value;
      return true;
    default:
      return false;
  }
}

std::optional<UnitRoot> RootReader::read(const Unit& unit) {
  if (unit.version == 0) return std::nullopt;
  if (!last_ || !last_->serves(unit)) {
    last_ = std::make_shared<const Abbreviations>(sections_->abbrev, unit);
    if (!budget_->spend(last_->size())) return std::nullopt;
  }
  UnitRoot root;
  root.unit = unit;
  root.abbreviations = last_;
  Cursor cursor(sections_->info, unit.first_entry, unit.end, Cursor::kGlance);
  const Abbreviation* const entry = last_->find(cursor.uleb());
  if (entry == nullptr) return std::nullopt;
  for (const AttributeSpec& spec : last_->attributes(*entry)) {
    const Value value = read_value(cursor, spec, unit);
    if (root.code.take(spec.name, value)) continue;
    switch (spec.name) {
      case attribute::kCompDir:
        root.directory = value;
        break;
      case attribute::kStmtList:
        root.statements = value;
        break;
      case attribute::kStrOffsetsBase:
        root.str_offsets_base = value.number;
        break;
      case attribute::kAddrBase:
      case attribute::kGnuAddrBase:
        root.addr_base = value.number;
        break;
      case attribute::kRnglistsBase:
        root.rnglists_base = value.number;
        break;
      default:
        break;
    }
  }
  if (cursor.failed()) return std::nullopt;
  // By an index, it needs addr_base, which may come later.
  root.low_pc = address_of(*sections_, root, root.code.low).value_or(0);
  return root;
}

std::optional<std::uint64_t> address_of(const DebugSections& sections, const UnitRoot& root,
                                        const Value& value) {
  if (value.kind == Value::Kind::address) return value.number;
  if (value.kind != Value::Kind::address_index) return std::nullopt;
  const std::uint8_t size = root.unit.address_size;
  if (size == 0 || value.number > sections.addr.size() / size) return std::nullopt;
  const std::uint64_t offset = root.addr_base + value.number * size;
  Cursor cursor(sections.addr, offset, sections.addr.size(), sizeof(std::uint64_t));
  const std::uint64_t address = cursor.read_address(size);
  return cursor.failed() ? std::nullopt : std::optional(address);
}

}  // namespace sonde::dwarf
