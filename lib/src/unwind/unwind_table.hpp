// The call frame information of one ELF file in the form of bpf/shared/unwind_table.h.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <sonde/error.hpp>
#include "elf/image.hpp"
#include "unwind/statistics.hpp"
#include "unwind/unwind_dictionary.hpp"
#include "unwind/unwind_rule.hpp"

namespace sonde::unwind {

/// An executable segment: where its bytes are in the file and at which address they are linked.
struct Segment {
  std::uint64_t file_offset = 0;
  std::uint64_t address = 0;
  std::uint64_t file_size = 0;

  std::uint64_t end() const noexcept { return address + file_size; }
  bool contains(std::uint64_t at) const noexcept {
    return at >= address && at - address < file_size;
  }
};

struct UnwindTable {
  std::vector<Segment> segments;  ///< by address
  /// Of the first row: address >> UNWIND_PAGE_BITS.
  std::uint64_t first_page = 0;
  /// `first` is an index into `rows`. Empty, as `rows` is, if the file has no usable call frame
  /// information.
  std::vector<unwind_page> pages;
  std::vector<std::uint32_t> rows;
  UnwindStatistics statistics;
};

/// Fails on what is no x86-64 ELF file with executable segments. Damaged call frame information is
/// left out and counted. Addresses without any are covered by rows of UNWIND_CODE_NO_CFI, or by no
/// page.
Result<UnwindTable> build_unwind_table(const elf::Image& image, UnwindDictionary& dictionary);

/// The rule for the instruction at `address`; nothing outside the table's pages.
std::optional<Rule> find(const UnwindTable& table, std::uint64_t address) noexcept;

}  // namespace sonde::unwind
