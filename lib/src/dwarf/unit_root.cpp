#include "dwarf/unit_root.hpp"

#include <utility>

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

const Abbreviations* RootReader::table_of(const Unit& unit) {
  if (!last_ || !last_->serves(unit)) {
    last_ = std::make_shared<const Abbreviations>(sections_->abbrev, unit);
    if (!budget_->spend(last_->size())) return nullptr;
  }
  return last_.get();
}

std::optional<UnitRoot> RootReader::read(const Unit& unit) {
  if (unit.version == 0 || table_of(unit) == nullptr) return std::nullopt;
  Cursor cursor(sections_->info, unit.first_entry, unit.end, Cursor::kGlance);
  const std::uint64_t code = cursor.uleb();
  return read_entry(unit, std::move(cursor), last_->find(code), last_);
}

std::optional<UnitRoot> RootReader::glance(const Unit& unit) {
  if (unit.version == 0) return std::nullopt;
  if (last_ && last_->serves(unit)) return read(unit);
  Cursor cursor(sections_->info, unit.first_entry, unit.end, Cursor::kGlance);
  const std::uint64_t code = cursor.uleb();
  if (code == 0) return std::nullopt;
  auto table = std::make_shared<const Abbreviations>(sections_->abbrev, unit, code);
  if (!budget_->spend(table->size())) return std::nullopt;
  const Abbreviation* const entry = table->find(code);
  return read_entry(unit, std::move(cursor), entry, std::move(table));
}

std::optional<UnitRoot> RootReader::read_entry(const Unit& unit, Cursor cursor,
                                               const Abbreviation* entry,
                                               std::shared_ptr<const Abbreviations> table) {
  if (entry == nullptr) return std::nullopt;
  UnitRoot root;
  root.unit = unit;
  root.abbreviations = std::move(table);
  for (const AttributeSpec& spec : root.abbreviations->attributes(*entry)) {
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
      case attribute::kDwoName:
      case attribute::kGnuDwoName:
        root.is_split = true;
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
