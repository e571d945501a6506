#include "dwarf/scope_scan.hpp"

#include <algorithm>
#include <utility>

#include "dwarf/constants.hpp"
#include "dwarf/cursor.hpp"

namespace sonde::dwarf {
namespace {

// Compilers inline some tens deep at most.
constexpr std::size_t kMostOpen = 512;
constexpr std::size_t kMostScopes = std::size_t{1} << 20;

}  // namespace

ScopeScan::ScopeScan(const DebugSections& sections, std::span<const std::uint64_t> addresses,
                     Budget& budget)
    : sections_(sections),
      addresses_(addresses),
      budget_(budget),
      innermost_(addresses.size(), kNone) {
}

void ScopeScan::scan(const UnitRoot& root, std::uint32_t unit) {
  Cursor cursor(sections_.info, root.unit.first_entry, root.unit.end);
  std::uint64_t depth = 0;
  while (!cursor.at_end() && budget_.spend()) {
    const std::uint64_t position = cursor.position();
    const std::uint64_t code = cursor.uleb();
    if (code == 0) {
      if (depth == 0) break;
      close(depth--);
      continue;
    }
    const Abbreviation* const entry = root.abbreviations->find(code);
    if (entry == nullptr) break;
    const bool is_inlined = entry->tag == tag::kInlinedSubroutine;
    // What was inlined into a function that holds no address holds none.
    const bool wanted =
        is_inlined ? !open_.empty() && (open_.back().covers || open_.back().scope.is_inlined)
                   : entry->tag == tag::kSubprogram;
    Open opened;
    if (wanted) {
      CodePlace place;
      opened.scope = read_scope(cursor, root, *entry, place);
      opened.scope.is_inlined = is_inlined;
      opened.scope.entry = position;
      opened.scope.unit = unit;
      if (cursor.failed()) break;
      opened.covers = add(opened, root, place);
    } else {
      skip_attributes(cursor, *root.abbreviations, *entry, root.unit);
    }
    if (!entry->has_children) {
      if (opened.index != kNone) is_open_[opened.index] = false;
      continue;
    }
    opened.depth = ++depth;
    if (wanted && open_.size() < kMostOpen) {
      open_.push_back(std::move(opened));
    } else if (opened.index != kNone) {
      is_open_[opened.index] = false;
    }
  }
  close(0);
}

void ScopeScan::close(std::uint64_t depth) {
  while (!open_.empty() && open_.back().depth >= depth) {
    if (open_.back().index != kNone) is_open_[open_.back().index] = false;
    open_.pop_back();
  }
}

Scope ScopeScan::read_scope(Cursor& cursor, const UnitRoot& root, const Abbreviation& entry,
                            CodePlace& place) const {
  Scope scope;
  for (const AttributeSpec& spec : root.abbreviations->attributes(entry)) {
    const Value value = read_value(cursor, spec, root.unit);
    if (place.take(spec.name, value)) continue;
    switch (spec.name) {
      case attribute::kLinkageName:
      case attribute::kMipsLinkageName:
        scope.linkage_name = value;
        break;
      case attribute::kName:
        scope.name = value;
        break;
      case attribute::kAbstractOrigin:
      case attribute::kSpecification:
        scope.origin = value;
        break;
      case attribute::kCallFile:
        scope.call_file = value.number;
        break;
      case attribute::kCallLine:
        scope.call_line = value.number;
        break;
      default:
        break;
    }
  }
  return scope;
}

bool ScopeScan::add(Open& opened, const UnitRoot& root, const CodePlace& place) {
  if (!place.low && !place.ranges) return false;
  read_code_ranges(sections_, root, place, budget_, ranges_);
  bool covers = false;
  for (const CodeRange& range : ranges_) {
    auto address = std::lower_bound(addresses_.begin(), addresses_.end(), range.begin);
    for (; address != addresses_.end() && *address < range.end && budget_.spend(); ++address) {
      covers = true;
      offer(opened, static_cast<std::size_t>(address - addresses_.begin()));
    }
  }
  return covers;
}

// Entries come in the order of the tree, so a scope within the one that is known is met while that
// is open.
void ScopeScan::offer(Open& opened, std::size_t address) {
  std::uint32_t& known = innermost_[address];
  if (known != kNone && !is_open_[known]) return;
  if (opened.index == kNone) {
    if (scopes_.size() >= kMostScopes) return;
    if (opened.scope.is_inlined && !open_.empty()) {
      opened.scope.parent = index_of(open_.size() - 1);
    }
    opened.index = static_cast<std::uint32_t>(scopes_.size());
    scopes_.push_back(opened.scope);
    is_open_.push_back(true);
  }
  known = opened.index;
}

std::uint32_t ScopeScan::index_of(std::size_t position) {
  Open& open = open_[position];
  if (open.index == kNone) {
    if (open.scope.is_inlined && position > 0) open.scope.parent = index_of(position - 1);
    open.index = static_cast<std::uint32_t>(scopes_.size());
    scopes_.push_back(open.scope);
    is_open_.push_back(true);
  }
  return open.index;
}

}  // namespace sonde::dwarf
