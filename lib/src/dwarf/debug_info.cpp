#include "dwarf/debug_info.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include "dwarf/budget.hpp"
#include "dwarf/code_ranges.hpp"
#include "dwarf/debug_sections.hpp"
#include "dwarf/entry_names.hpp"
#include "dwarf/line_program.hpp"
#include "dwarf/scope_scan.hpp"
#include "dwarf/unit.hpp"
#include "dwarf/unit_root.hpp"

namespace sonde::dwarf {
namespace {

// Deeper than any compiler inlines.
constexpr std::size_t kMostCalls = 128;

/// Reads everything once, and a few things more often.
std::uint64_t budget_for(const DebugSections& sections, std::size_t addresses) {
  constexpr std::uint64_t kLeast = std::uint64_t{16} << 20;
  constexpr std::uint64_t kMost = std::uint64_t{1} << 30;  // some seconds
  const std::uint64_t bytes = sections.info.size() + sections.line.size() + sections.ranges.size() +
                              sections.rnglists.size();
  return std::min(kLeast + 2 * bytes + 256 * addresses, kMost);
}

class Lookup {
 public:
  Lookup(const elf::Image& image, const elf::Image* alternate,
         std::span<const std::uint64_t> addresses)
      : sections_(image),
        addresses_(addresses),
        budget_(budget_for(sections_, addresses.size())),
        scan_(sections_, addresses, budget_),
        leaf_lines_(addresses.size()) {
    if (alternate != nullptr) alternate_.emplace(*alternate);
  }

  AddressInfo run();

 private:
  /// A unit that holds some of the addresses.
  struct Wanted {
    UnitRoot root;
    std::optional<LineProgram> lines;
    std::map<std::uint64_t, std::uint32_t> files;  // by number in the program
  };
  struct Leaf {
    std::uint32_t unit = kNone;
    LineProgram::Row row;
  };

  std::vector<std::size_t> addresses_of(const UnitRoot& root);
  void read_unit(const UnitRoot& root, const std::vector<std::size_t>& held);
  void name_scopes();
  std::uint32_t file_of(std::uint32_t unit, std::uint64_t number);
  Call call(std::uint32_t scope, std::uint32_t unit, std::uint64_t file, std::uint64_t line);
  std::vector<Call> calls_at(std::size_t address);

  DebugSections sections_;
  std::optional<DebugSections> alternate_;
  std::span<const std::uint64_t> addresses_;
  Budget budget_;
  ScopeScan scan_;
  std::vector<Unit> units_;
  std::vector<Wanted> wanted_;
  std::vector<Leaf> leaf_lines_;
  std::vector<std::uint32_t> scope_names_;
  std::vector<CodeRange> ranges_;
  std::map<std::string, std::uint32_t> file_indexes_;
  AddressInfo info_;
};

std::vector<std::size_t> Lookup::addresses_of(const UnitRoot& root) {
  std::vector<std::size_t> held;
  if (!root.code.low && !root.code.ranges) return held;
  read_code_ranges(sections_, root, root.code, budget_, ranges_);
  for (const CodeRange& range : ranges_) {
    auto address = std::lower_bound(addresses_.begin(), addresses_.end(), range.begin);
    for (; address != addresses_.end() && *address < range.end && budget_.spend(); ++address)
      held.push_back(static_cast<std::size_t>(address - addresses_.begin()));
  }
  std::sort(held.begin(), held.end());
  held.erase(std::unique(held.begin(), held.end()), held.end());
  return held;
}

void Lookup::read_unit(const UnitRoot& root, const std::vector<std::size_t>& held) {
  const auto number = static_cast<std::uint32_t>(wanted_.size());
  scan_.scan(root, number);
  Wanted& unit =
      wanted_.emplace_back(Wanted{root, LineProgram::open(sections_, root, budget_), {}});
  if (!unit.lines) return;
  std::vector<std::uint64_t> addresses;
  std::vector<std::size_t> places;
  for (const std::size_t place : held) {
    if (leaf_lines_[place].row.line != 0) continue;
    addresses.push_back(addresses_[place]);
    places.push_back(place);
  }
  std::vector<LineProgram::Row> rows(addresses.size());
  unit.lines->find_rows(addresses, rows, budget_);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].line != 0) leaf_lines_[places[i]] = {number, rows[i]};
  }
}

// In the order of what they refer to, then in the order of their strings: compressed sections are
// read from front to back.
void Lookup::name_scopes() {
  const std::vector<Scope>& scopes = scan_.scopes();
  std::vector<std::uint32_t> order(scopes.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::pair(scopes[a].origin.kind, scopes[a].origin.number) <
           std::pair(scopes[b].origin.kind, scopes[b].origin.number);
  });
  EntryNames names(sections_, units_, alternate_ ? &*alternate_ : nullptr, budget_);
  std::map<EntryName, std::uint32_t> indexes;
  std::vector<std::optional<EntryName>> name_of(scopes.size());
  for (const std::uint32_t scope : order) {
    name_of[scope] = names.name_of(scopes[scope], wanted_[scopes[scope].unit].root);
    if (name_of[scope]) indexes.emplace(*name_of[scope], kNone);
  }
  std::vector<EntryName> plain;
  for (auto& [name, index] : indexes) {
    index = static_cast<std::uint32_t>(info_.names.size());
    info_.names.push_back({name.text.section->string_at(name.text.offset), {}});
    if (name.is_plain) plain.push_back(name);
  }
  std::sort(plain.begin(), plain.end(), [](const EntryName& a, const EntryName& b) {
    return std::pair(a.in_alternate, a.entry) < std::pair(b.in_alternate, b.entry);
  });
  std::vector<std::string> enclosing = names.enclosing(plain);
  for (std::size_t i = 0; i < plain.size(); ++i)
    info_.names[indexes.at(plain[i])].within = std::move(enclosing[i]);
  scope_names_.assign(scopes.size(), kNone);
  for (std::size_t scope = 0; scope < scopes.size(); ++scope) {
    if (name_of[scope]) scope_names_[scope] = indexes.at(*name_of[scope]);
  }
}

std::uint32_t Lookup::file_of(std::uint32_t unit, std::uint64_t number) {
  if (unit == kNone || !wanted_[unit].lines) return kNone;
  const auto [known, added] = wanted_[unit].files.try_emplace(number, kNone);
  if (added) {
    const std::string name = wanted_[unit].lines->file_name(number);
    if (!name.empty()) {
      const auto [index, is_new] =
          file_indexes_.try_emplace(name, static_cast<std::uint32_t>(info_.files.size()));
      if (is_new) info_.files.push_back(name);
      known->second = index->second;
    }
  }
  return known->second;
}

Call Lookup::call(std::uint32_t scope, std::uint32_t unit, std::uint64_t file, std::uint64_t line) {
  Call call;
  if (scope != kNone) call.name = scope_names_[scope];
  if (line == 0 || line > std::numeric_limits<std::uint32_t>::max()) return call;
  call.file = file_of(unit, file);
  if (call.file != kNone) call.line = static_cast<std::uint32_t>(line);
  return call;
}

std::vector<Call> Lookup::calls_at(std::size_t address) {
  std::vector<Call> calls;
  const Leaf& leaf = leaf_lines_[address];
  std::uint32_t unit = leaf.unit;
  std::uint64_t file = leaf.row.file;
  std::uint64_t line = leaf.row.line;
  std::uint32_t scope = scan_.innermost()[address];
  if (scope == kNone && line == 0) return calls;
  for (; calls.size() < kMostCalls; scope = scan_.scopes()[scope].parent) {
    calls.push_back(call(scope, unit, file, line));
    if (scope == kNone || !scan_.scopes()[scope].is_inlined) return calls;
    unit = scan_.scopes()[scope].unit;
    file = scan_.scopes()[scope].call_file;
    line = scan_.scopes()[scope].call_line;
  }
  return calls;
}

AddressInfo Lookup::run() {
  RootReader roots(sections_, budget_);
  UnitReader reader(sections_.info);
  // Each unit is read as it is met: a compressed section is expanded once, from front to back.
  while (const std::optional<Unit> unit = reader.next()) {
    units_.push_back(*unit);
    const std::optional<UnitRoot> glanced = roots.glance(*unit);
    if (!glanced) continue;
    const std::vector<std::size_t> held = addresses_of(*glanced);
    if (held.empty()) continue;
    info_.is_split |= glanced->is_split;
    if (const std::optional<UnitRoot> root = roots.read(*unit)) read_unit(*root, held);
  }
  name_scopes();
  for (std::size_t address = 0; address < addresses_.size(); ++address)
    info_.calls.push_back(calls_at(address));
  info_.gave_up = budget_.exhausted();
  return std::move(info_);
}

}  // namespace

bool has_debug_info(const elf::Image& image) {
  return !Section(image, ".debug_info").empty();
}

bool is_compressed_otherwise(const elf::Image& image) {
  const elf::Section* const section = image.section(".debug_info");
  if (section == nullptr || (section->header.sh_flags & SHF_COMPRESSED) == 0) return false;
  std::uint32_t type = 0;  // ch_type comes first in both classes
  return image.source().read_object(section->header.sh_offset, type) && type != ELFCOMPRESS_ZLIB;
}

AddressInfo look_up(const elf::Image& image, const elf::Image* alternate,
                    std::span<const std::uint64_t> addresses) {
  return Lookup(image, alternate, addresses).run();
}

}  // namespace sonde::dwarf
