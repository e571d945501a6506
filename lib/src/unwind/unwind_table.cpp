#include "unwind/unwind_table.hpp"

#include <algorithm>
#include <span>

#include "unwind/coverage.hpp"
#include "unwind/elf_cfi_sections.hpp"
#include "unwind/table_pager.hpp"
#include "util/fail.hpp"

namespace sonde::unwind {
namespace {

// x86-64 code refers to code by 32-bit displacements, even in the large model's PLT.
constexpr std::uint64_t kLongestCode = std::uint64_t{4} << 30;
// The kernel's half of the table numbers pages with 32 bits. No linker goes so high.
constexpr std::uint64_t kHighestCode = std::uint64_t{UINT32_MAX} << UNWIND_PAGE_BITS;
// Fewer bytes without an FDE are padding behind a function.
constexpr std::uint64_t kShortestGap = 16;
// Long enough for a hand-written entry point, such as _start of ld.so.
constexpr std::uint64_t kEntryLength = 64;

std::vector<Segment> executable_segments(const elf::Image& image) {
  std::vector<Segment> segments;
  for (const Elf64_Phdr& header : image.segments()) {
    if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
    if (header.p_offset >= image.source().size() || header.p_vaddr > kHighestCode) continue;
    const std::uint64_t size = std::min(header.p_filesz, image.source().size() - header.p_offset);
    if (size != 0 && size <= kLongestCode)
      segments.push_back({header.p_offset, header.p_vaddr, size});
  }
  std::sort(segments.begin(), segments.end(),
            [](const Segment& a, const Segment& b) { return a.address < b.address; });
  return segments;
}

// An entry point without an FDE has no caller.
void end_at_entry(std::uint64_t entry, std::span<const Segment> code, CodeRows& rows,
                  std::vector<Piece>& pieces) {
  const auto segment =
      std::find_if(code.begin(), code.end(), [&](const Segment& s) { return s.contains(entry); });
  if (entry == 0 || segment == code.end()) return;
  const auto next = std::find_if(pieces.begin(), pieces.end(),
                                 [&](const Piece& piece) { return piece.end > entry; });
  std::uint64_t end = entry + std::min(kEntryLength, segment->end() - entry);
  if (next != pieces.end()) {
    if (next->start <= entry) return;
    end = std::min(end, next->start);
  }
  const auto row = static_cast<std::uint32_t>(rows.rows.size());
  rows.rows.push_back({0, special_rule(UNWIND_CODE_END)});
  pieces.insert(next, {entry, end, FdeRows{entry, end, row, 1}});
}

void write_pages(const CodeRows& rows, std::span<const Piece> pieces, UnwindTable& table) {
  if (pieces.empty()) return;
  // A row at the start of each page besides those of the FDEs.
  table.rows.reserve(
      rows.rows.size() +
      static_cast<std::size_t>((pieces.back().end - pieces.front().start) >> UNWIND_PAGE_BITS) + 1);
  TablePager pager(table);
  std::uint64_t end = pieces.front().start;
  for (const Piece& piece : pieces) {
    if (piece.start - end >= kShortestGap) {
      pager.add(end, kNoCfi);
      ++table.statistics.gaps;
    }
    end = piece.end;
    const std::span<const FdeRow> of_fde = rows.of(piece.fde);
    const std::uint64_t skipped = piece.start - piece.fde.start;
    auto row = of_fde.begin();
    if (skipped != 0) {
      row = std::upper_bound(of_fde.begin(), of_fde.end(), skipped,
                             [](std::uint64_t at, const FdeRow& r) { return at < r.offset; }) -
            1;
    }
    for (; row != of_fde.end() && row->offset < piece.end - piece.fde.start; ++row) {
      pager.add(std::max(piece.fde.start + row->offset, piece.start), row->rule);
    }
  }
  pager.finish(end);
}

}  // namespace

Result<UnwindTable> build_unwind_table(const elf::Image& image, UnwindDictionary& dictionary) {
  if (!image.is_64_bit() || image.machine() != EM_X86_64) {
    return fail(ErrorCode::EventProcessingFailed, "not an x86-64 ELF file");
  }
  UnwindTable table;
  table.segments = executable_segments(image);
  if (table.segments.empty()) {
    return fail(ErrorCode::EventProcessingFailed, "no executable segment");
  }
  if (table.segments.back().end() - table.segments.front().address > kLongestCode) {
    return fail(ErrorCode::EventProcessingFailed, "executable segments more than 4 GiB apart");
  }

  RuleEncoder encoder(dictionary, table.statistics);
  CodeRows rows;
  std::vector<Piece> pieces;
  if (const auto section = read_eh_frame(image)) {
    append_rows(*section, table.segments, encoder, table.statistics, rows);
    pieces = resolve(rows.fdes);
  }
  if (const auto section = read_debug_frame(image)) {
    rows.fdes.clear();
    append_rows(*section, table.segments, encoder, table.statistics, rows);
    fill_gaps(pieces, resolve(rows.fdes));
  }
  end_at_entry(image.entry(), table.segments, rows, pieces);
  write_pages(rows, pieces, table);
  return table;
}

std::optional<Rule> find(const UnwindTable& table, std::uint64_t address) noexcept {
  const std::uint64_t number = address >> UNWIND_PAGE_BITS;
  if (number < table.first_page || number - table.first_page >= table.pages.size()) {
    return std::nullopt;
  }
  const unwind_page& page = table.pages[static_cast<std::size_t>(number - table.first_page)];
  const auto rows = std::span(table.rows).subspan(page.first, page.rows);
  const auto offset = static_cast<std::uint32_t>(address & ((1u << UNWIND_PAGE_BITS) - 1));
  const auto after = std::upper_bound(
      rows.begin(), rows.end(), offset,
      [](std::uint32_t at, std::uint32_t row) { return at < row >> UNWIND_RULE_BITS; });
  return after == rows.begin() ? kNoCfi : *(after - 1) & UNWIND_RULE_MASK;
}

}  // namespace sonde::unwind
