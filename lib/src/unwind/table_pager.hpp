// Writes rows into pages.
#pragma once

#include <cstdint>

#include "unwind/unwind_table.hpp"

namespace sonde::unwind {

class TablePager {
 public:
  explicit TablePager(UnwindTable& table) noexcept : table_(table) {}

  /// The rule holds from `address` on. Addresses ascend.
  void add(std::uint64_t address, Rule rule) {
    if (rule == current_) return;
    const auto offset = static_cast<std::uint32_t>(address & kPageMask);
    if (address >= open_until_) open_pages_until(address >> UNWIND_PAGE_BITS, offset == 0);
    push(offset, rule);
    current_ = rule;
  }

  /// The last rule holds until `end`.
  void finish(std::uint64_t end);

 private:
  static constexpr std::uint64_t kPageMask = (std::uint64_t{1} << UNWIND_PAGE_BITS) - 1;

  void open_pages_until(std::uint64_t page, bool with_row_at_start);
  void push(std::uint32_t offset, Rule rule) {
    table_.rows.push_back(offset << UNWIND_RULE_BITS | rule);
    ++table_.pages.back().rows;
    if (rule >= UNWIND_RULE_SPECIAL) count_special(rule);
  }
  void count_special(Rule rule) noexcept;

  UnwindTable& table_;
  Rule current_ = kNoCfi;
  std::uint64_t open_until_ = 0;  ///< the end of the last page
};

}  // namespace sonde::unwind
