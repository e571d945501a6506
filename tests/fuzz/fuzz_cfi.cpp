// Any bytes as .eh_frame or .debug_frame: every FDE is usable or counted as not, and the rows that
// speak for an address are in order and within it. A program that is short gives the rows that it
// gives as any other.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "expect.hpp"
#include "unwind/cfi_program.hpp"
#include "unwind/coverage.hpp"
#include "unwind/fde_rows.hpp"
#include "unwind/short_program.hpp"
#include "unwind/unwind_table.hpp"

namespace {

using namespace sonde::unwind;

constexpr Segment kCode{0x1000, 0x401000, 0x200000};

// The first byte says how to read the rest.
CfiSection section_of(const std::uint8_t* data, std::size_t size) {
  CfiSection section;
  const std::uint8_t kind = size == 0 ? 0 : data[0];
  section.debug_frame = (kind & 1) != 0;
  section.ends_at_terminator = (kind & 2) != 0;
  section.address = (kind & 4) != 0 ? 0x700000 : 0;
  if (size > 1) {
    section.bytes.resize(size - 1);
    std::memcpy(section.bytes.data(), data + 1, size - 1);
  }
  return section;
}

void expect_rows_in_order(const CodeRows& rows, const FdeRows& fde) {
  EXPECT(fde.start < fde.end && kCode.contains(fde.start) && fde.end <= kCode.end());
  const auto of_fde = rows.of(fde);
  EXPECT(!of_fde.empty() && of_fde.front().offset == 0);
  for (std::size_t i = 0; i < of_fde.size(); ++i) {
    EXPECT(of_fde[i].rule <= UNWIND_RULE_MASK);
    EXPECT(of_fde[i].offset < fde.end - fde.start);
    EXPECT(i == 0 || of_fde[i].offset > of_fde[i - 1].offset);
  }
}

class Rows : public StateSink {
 public:
  void put(std::uint64_t address, const CfiState& state) override {
    const Rule rule = short_rule(state).value_or(kNoCfi);
    if (rows.empty() || rows.back().rule != rule)
      rows.push_back({static_cast<std::uint32_t>(address), rule});
  }
  std::vector<FdeRow> rows;
};

void expect_same_rows(const CfiSection& section, const Cie& cie, Fde fde) {
  const auto initial = short_programs_begin(cie);
  std::vector<FdeRow> rows;
  if (fde.length == 0 || !initial) return;
  if (!run_short_program(*initial, fde.program, fde.length, rows)) return;
  fde.start = 0;
  Rows sink;
  EXPECT(run_program(section, cie, fde, fde.length, sink));
  EXPECT(rows.size() == sink.rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    EXPECT(rows[i].offset == sink.rows[i].offset && rows[i].rule == sink.rows[i].rule);
}

// Of the last CIE before them, as linkers have it.
void expect_short_programs(const CfiSection& section) {
  std::optional<Cie> cie;
  CfiEntries entries(section);
  while (const auto entry = entries.next()) {
    if (entry->cie) {
      if (!cie) continue;
      if (const auto fde = parse_fde(section, *entry, *cie)) expect_same_rows(section, *cie, *fde);
    } else if (const auto parsed = parse_cie(section, *entry)) {
      cie = *parsed;
      if (!run_initial(section, *cie)) cie.reset();
    }
  }
}

void expect_in_order(const std::vector<Piece>& pieces) {
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    EXPECT(pieces[i].start < pieces[i].end);
    EXPECT(pieces[i].fde.start <= pieces[i].start && pieces[i].end <= pieces[i].fde.end);
    EXPECT(i == 0 || pieces[i - 1].end <= pieces[i].start);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const CfiSection section = section_of(data, size);
  expect_short_programs(section);
  UnwindDictionary dictionary;
  UnwindStatistics statistics;
  RuleEncoder encoder(dictionary, statistics);
  CodeRows rows;
  append_rows(section, std::span(&kCode, 1), encoder, statistics, rows);
  for (const FdeRows& fde : rows.fdes)
    expect_rows_in_order(rows, fde);
  EXPECT(statistics.fdes == rows.fdes.size());
  std::vector<Piece> pieces = resolve(rows.fdes);
  expect_in_order(pieces);
  const std::vector<Piece> own = pieces;
  fill_gaps(pieces, own);
  EXPECT(pieces.size() == own.size());
  return 0;
}
