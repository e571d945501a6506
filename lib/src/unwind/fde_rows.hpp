// All rows of all usable FDEs of a file, in the order of the file.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "unwind/cfi_entries.hpp"
#include "unwind/unwind_rule.hpp"

namespace sonde::unwind {

struct Segment;

/// Holds from an address of one FDE on.
struct FdeRow {
  std::uint32_t offset = 0;  ///< from the FDE's start
  Rule rule = kNoCfi;
};

struct FdeRows {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  /// Of CodeRows::rows; the first row has the offset 0.
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

struct CodeRows {
  std::vector<FdeRow> rows;
  std::vector<FdeRows> fdes;

  std::span<const FdeRow> of(const FdeRows& fde) const noexcept {
    return std::span(rows).subspan(fde.first, fde.count);
  }
};

/// Appends what a section says of addresses in `code`.
void append_rows(const CfiSection& section, std::span<const Segment> code, RuleEncoder& encoder,
                 UnwindStatistics& statistics, CodeRows& into);

}  // namespace sonde::unwind
