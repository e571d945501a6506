#include "dwarf/abbreviations.hpp"

#include <algorithm>
#include <utility>

#include "dwarf/attribute_value.hpp"
#include "dwarf/constants.hpp"
#include "dwarf/cursor.hpp"

namespace sonde::dwarf {
namespace {

// Compilers write some hundreds, link-time optimizers some thousands.
constexpr std::size_t kMostAttributes = std::size_t{1} << 18;

}  // namespace

Abbreviations::Abbreviations(const Section& section, const Unit& unit, std::uint64_t last)
    : unit_(unit) {
  Cursor cursor(section, unit.abbreviations, section.size(),
                last == kAll ? std::size_t{8192} : Cursor::kGlance);
  while (attributes_.size() < kMostAttributes && entries_.size() < kMostAttributes) {
    Abbreviation entry;
    entry.code = cursor.uleb();
    if (entry.code == 0) break;
    entry.tag = cursor.uleb();
    entry.has_children = cursor.read<std::uint8_t>() != 0;
    entry.first = static_cast<std::uint32_t>(attributes_.size());
    entry.fixed_size = 0;
    while (attributes_.size() < kMostAttributes) {
      AttributeSpec spec;
      spec.name = cursor.uleb();
      spec.form = cursor.uleb();
      if (spec.form == form::kImplicitConst) spec.implicit = cursor.sleb();
      if (spec.name == 0 && spec.form == 0) break;
      spec.size = fixed_size(spec.form, unit);
      attributes_.push_back(spec);
      if (entry.fixed_size && spec.size) {
        *entry.fixed_size += *spec.size;
      } else {
        entry.fixed_size.reset();
      }
    }
    if (cursor.failed()) break;
    entry.count = static_cast<std::uint32_t>(attributes_.size()) - entry.first;
    entries_.push_back(entry);
    if (entry.code == last) break;
  }
  const auto by_code = [](const Abbreviation& a, const Abbreviation& b) { return a.code < b.code; };
  if (!std::is_sorted(entries_.begin(), entries_.end(), by_code)) {
    std::stable_sort(entries_.begin(), entries_.end(), by_code);
  }
}

const Abbreviation* Abbreviations::find(std::uint64_t code) const noexcept {
  // Codes mostly count up from 1.
  if (code - 1 < entries_.size() && entries_[code - 1].code == code) return &entries_[code - 1];
  const auto found = std::lower_bound(
      entries_.begin(), entries_.end(), code,
      [](const Abbreviation& entry, std::uint64_t wanted) { return entry.code < wanted; });
  return found != entries_.end() && found->code == code ? &*found : nullptr;
}

bool Abbreviations::serves(const Unit& unit) const noexcept {
  return unit.abbreviations == unit_.abbreviations && unit.version == unit_.version &&
         unit.address_size == unit_.address_size && unit.is_64 == unit_.is_64;
}

}  // namespace sonde::dwarf
