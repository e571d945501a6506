#include "dwarf/entry_names.hpp"

#include <iterator>

#include "dwarf/constants.hpp"
#include "dwarf/cursor.hpp"
#include "dwarf/enclosing_names.hpp"

namespace sonde::dwarf {
namespace {

// An inlined call has its name from an abstract function, that from a declaration.
constexpr int kMostLinks = 8;

}  // namespace

EntryNames::EntryNames(const DebugSections& sections, const std::vector<Unit>& units,
                       const DebugSections* alternate, Budget& budget)
    : main_{&sections, alternate, RootReader(sections, budget), units, {}}, budget_(budget) {
  if (alternate != nullptr) {
    alternate_.emplace(
        File{alternate, nullptr, RootReader(*alternate, budget), read_units(alternate->info), {}});
  }
}

std::optional<EntryName> EntryNames::name_of(const Scope& scope, const UnitRoot& root) {
  const auto own = [&](const Value& value, bool is_plain) -> std::optional<EntryName> {
    const auto place =
        text_place(value, root, main_.sections->info, *main_.sections, main_.alternate);
    if (!place) return std::nullopt;
    return EntryName{*place, is_plain, false, is_plain ? scope.entry : 0};
  };
  if (scope.linkage_name) return own(scope.linkage_name, false);
  File* const file = file_of(scope.origin, main_);
  if (file == nullptr) return own(scope.name, true);
  const auto [known, added] = known_.try_emplace({file, scope.origin.number});
  if (added) known->second = follow(scope.origin);
  return known->second ? known->second : own(scope.name, true);
}

// The last entry that has a name is the declaration, which is where the function belongs.
std::optional<EntryName> EntryNames::follow(Value reference) {
  std::optional<EntryName> found;
  File* file = &main_;
  for (int links = 0; links < kMostLinks && reference && budget_.spend(); ++links) {
    file = file_of(reference, *file);
    if (file == nullptr) break;
    const Names names = names_at(*file, reference.number);
    if (names.linkage) return EntryName{*names.linkage, false, false, 0};
    if (names.plain) found = {*names.plain, true, file != &main_, reference.number};
    reference = names.origin;
  }
  return found;
}

std::vector<std::string> EntryNames::enclosing(std::span<const EntryName> names) {
  std::vector<std::string> all;
  while (all.size() < names.size()) {
    // Those of one unit together.
    const EntryName& first = names[all.size()];
    File& file = first.in_alternate ? *alternate_ : main_;
    const UnitRoot* const root = root_of(file, first.entry);
    std::vector<std::uint64_t> entries;
    for (const EntryName& name : names.subspan(all.size())) {
      const bool same = name.in_alternate == first.in_alternate &&
                        (root == nullptr ? name.entry == first.entry : name.entry < root->unit.end);
      if (!same) break;
      entries.push_back(name.entry);
    }
    std::vector<std::string> found(entries.size());
    if (root != nullptr) {
      found = find_enclosing_names(*file.sections, file.alternate, *root, entries, budget_);
    }
    all.insert(all.end(), std::make_move_iterator(found.begin()),
               std::make_move_iterator(found.end()));
  }
  return all;
}

EntryNames::File* EntryNames::file_of(const Value& reference, File& from) {
  if (reference.kind == Value::Kind::entry) return &from;
  if (reference.kind == Value::Kind::alternate_entry && &from == &main_ && alternate_) {
    return &*alternate_;
  }
  return nullptr;
}

const UnitRoot* EntryNames::root_of(File& file, std::uint64_t entry) {
  const Unit* const unit = find_unit(file.units, entry);
  if (unit == nullptr) return nullptr;
  if (!file.last_root || file.last_root->unit.offset != unit->offset) {
    file.last_root = file.roots.read(*unit);
  }
  return file.last_root ? &*file.last_root : nullptr;
}

EntryNames::Names EntryNames::names_at(File& file, std::uint64_t entry) {
  Names names;
  const UnitRoot* const root = root_of(file, entry);
  if (root == nullptr) return names;
  const Section& info = file.sections->info;
  Cursor cursor(info, entry, root->unit.end, Cursor::kGlance);
  const Abbreviation* const found = root->abbreviations->find(cursor.uleb());
  if (found == nullptr) return names;
  for (const AttributeSpec& spec : root->abbreviations->attributes(*found)) {
    const Value value = read_value(cursor, spec, root->unit);
    if (cursor.failed() || !budget_.spend()) break;
    const auto place = [&] {
      return text_place(value, *root, info, *file.sections, file.alternate);
    };
    switch (spec.name) {
      case attribute::kLinkageName:
      case attribute::kMipsLinkageName:
        names.linkage = place();
        return names;
      case attribute::kName:
        names.plain = place();
        break;
      case attribute::kAbstractOrigin:
      case attribute::kSpecification:
        names.origin = value;
        break;
      default:
        break;
    }
  }
  return names;
}

}  // namespace sonde::dwarf
