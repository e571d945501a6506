// Writes rows into pages.
#pragma once

#include <cstdint>

#include "unwind/unwind_table.hpp"

namespace sonde::unwind {

class TablePager {
 public:
  explicit TablePager(UnwindTable& table) noexcept : table_(table) {}

  /// The rule holds from `address` on. Addresses ascend.
  void add(std::uint64_t address, Rule rule);

  /// The last rule holds until `end`.
  void finish(std::uint64_t end);

 private:
  void open_pages_until(std::uint64_t page, bool with_row_at_start);
  void push(std::uint32_t offset, Rule rule);

  UnwindTable& table_;
  Rule current_ = kNoCfi;
  std::uint64_t open_until_ = 0;  ///< the end of the last page
};

}  // namespace sonde::unwind
