#include "unwind/fde_rows.hpp"

#include <algorithm>
#include <utility>

#include "unwind/cfi_program.hpp"
#include "unwind/short_program.hpp"
#include "unwind/unwind_table.hpp"

namespace sonde::unwind {
namespace {

class RowSink : public StateSink {
 public:
  RowSink(RuleEncoder& encoder, std::vector<FdeRow>& rows) noexcept
      : encoder_(encoder), rows_(rows) {}

  void begin(std::uint64_t start, bool signal_frame) noexcept {
    start_ = start;
    first_ = rows_.size();
    signal_frame_ = signal_frame;
  }
  void put(std::uint64_t address, const CfiState& state) override {
    const Rule rule = encoder_.encode(state, signal_frame_);
    if (rows_.size() > first_ && rows_.back().rule == rule) return;
    rows_.push_back({static_cast<std::uint32_t>(address - start_), rule});
  }

 private:
  RuleEncoder& encoder_;
  std::vector<FdeRow>& rows_;
  std::uint64_t start_ = 0;
  std::size_t first_ = 0;
  bool signal_frame_ = false;
};

struct KnownCie {
  std::uint64_t offset = 0;
  tl::expected<Cie, FdeProblem> cie;
  /// What short programs of it begin with.
  std::optional<Rule> initial;
};

// The CIEs of a section by offset, which ascends as they are met.
class Cies {
 public:
  void add(KnownCie cie) {
    cies_.push_back(std::move(cie));
    last_ = cies_.size() - 1;
  }
  const KnownCie* at(std::uint64_t offset) noexcept {
    if (!cies_.empty() && cies_[last_].offset == offset) return &cies_[last_];
    const auto found =
        std::lower_bound(cies_.begin(), cies_.end(), offset,
                         [](const KnownCie& a, std::uint64_t b) { return a.offset < b; });
    if (found == cies_.end() || found->offset != offset) return nullptr;
    last_ = static_cast<std::size_t>(found - cies_.begin());
    return &*found;
  }

 private:
  std::vector<KnownCie> cies_;
  std::size_t last_ = 0;
};

KnownCie read_cie(const CfiSection& section, const CfiEntry& entry) {
  KnownCie known{entry.offset, parse_cie(section, entry), {}};
  if (!known.cie) return known;
  if (run_initial(section, *known.cie)) {
    known.initial = short_programs_begin(*known.cie);
  } else {
    known.cie = tl::unexpected(FdeProblem::Instruction);
  }
  return known;
}

const Segment* segment_of(std::span<const Segment> code, std::uint64_t address) noexcept {
  const auto found =
      std::find_if(code.begin(), code.end(), [&](const Segment& s) { return s.contains(address); });
  return found == code.end() ? nullptr : &*found;
}

}  // namespace

void append_rows(const CfiSection& section, std::span<const Segment> code, RuleEncoder& encoder,
                 UnwindStatistics& statistics, CodeRows& into) {
  // As compilers write them: memory that is reserved and not used costs nothing, and copies of what
  // outgrows it do.
  constexpr std::size_t kBytesPerRow = 4;
  constexpr std::size_t kBytesPerFde = 24;
  into.rows.reserve(into.rows.size() + section.bytes.size() / kBytesPerRow);
  into.fdes.reserve(into.fdes.size() + section.bytes.size() / kBytesPerFde);
  Cies cies;
  RowSink sink(encoder, into.rows);
  CfiEntries entries(section);
  while (const auto entry = entries.next()) {
    if (!entry->cie) {
      cies.add(read_cie(section, *entry));
      continue;
    }
    const KnownCie* const known = cies.at(*entry->cie);
    if (known == nullptr || !known->cie) {
      statistics.count(known == nullptr ? FdeProblem::NoCie : known->cie.error());
      continue;
    }
    const Cie& cie = *known->cie;
    const auto fde = parse_fde(section, *entry, cie);
    if (!fde) {
      statistics.count(fde.error());
      continue;
    }
    if (fde->length == 0) continue;
    // Linkers leave FDEs of discarded functions at address 0, where no code is.
    const Segment* const segment = fde->start == 0 ? nullptr : segment_of(code, fde->start);
    if (segment == nullptr) {
      statistics.count(FdeProblem::OutsideCode);
      continue;
    }
    const std::uint64_t end = fde->start + std::min(fde->length, segment->end() - fde->start);
    const std::size_t first = into.rows.size();
    const bool is_short = known->initial && run_short_program(*known->initial, fde->program,
                                                              end - fde->start, into.rows);
    if (!is_short) {
      into.rows.resize(first);
      sink.begin(fde->start, cie.signal_frame);
      if (!run_program(section, cie, *fde, end, sink)) {
        statistics.count(FdeProblem::Instruction);
        into.rows.resize(first);
        into.rows.push_back({0, kNoCfi});
      }
    }
    ++statistics.fdes;
    into.fdes.push_back({fde->start, end, static_cast<std::uint32_t>(first),
                         static_cast<std::uint32_t>(into.rows.size() - first)});
  }
  if (entries.truncated()) ++statistics.truncated_sections;
}

}  // namespace sonde::unwind
