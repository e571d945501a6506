#include "unwind/code_ranges.hpp"

#include <algorithm>
#include <map>

#include "unwind/cfi_entries.hpp"
#include "unwind/elf_cfi_sections.hpp"

namespace sonde::unwind {

CodeRanges::CodeRanges(const elf::Image& image) {
  const auto section = read_eh_frame(image);
  if (!section) return;
  std::map<std::uint64_t, Cie> cies;
  CfiEntries entries(*section);
  while (const auto entry = entries.next()) {
    if (!entry->cie) {
      if (auto cie = parse_cie(*section, *entry)) cies.emplace(entry->offset, *cie);
      continue;
    }
    const auto cie = cies.find(*entry->cie);
    if (cie == cies.end()) continue;
    if (const auto fde = parse_fde(*section, *entry, cie->second))
      sorted_.push_back({fde->start, fde->length});
  }
  std::ranges::sort(sorted_, {}, &CodeRange::start);
}

std::optional<CodeRange> CodeRanges::at(std::uint64_t address) const noexcept {
  auto behind = std::ranges::upper_bound(sorted_, address, {}, &CodeRange::start);
  if (behind == sorted_.begin()) return std::nullopt;
  const CodeRange& range = *--behind;
  return address - range.start < range.length ? std::optional(range) : std::nullopt;
}

}  // namespace sonde::unwind
