#include "unwind/table_pager.hpp"

namespace sonde::unwind {
namespace {

constexpr std::uint64_t kPageMask = (std::uint64_t{1} << UNWIND_PAGE_BITS) - 1;

void count_special(Rule rule, UnwindStatistics& statistics) noexcept {
  const std::uint32_t code = rule & UNWIND_CODE_MASK;
  if (code == UNWIND_CODE_NO_CFI) {
    ++statistics.no_cfi_rows;
  } else if (code == UNWIND_CODE_END) {
    ++statistics.end_rows;
  } else if (code == UNWIND_CODE_SIGNAL) {
    ++statistics.signal_rows;
  } else if (code >= UNWIND_CODE_DICTIONARY) {
    ++statistics.dictionary_rows;
  } else {
    ++statistics.plt_rows;
  }
}

}  // namespace

void TablePager::push(std::uint32_t offset, Rule rule) {
  table_.rows.push_back(offset << UNWIND_RULE_BITS | rule);
  ++table_.pages.back().rows;
  if (rule >= UNWIND_RULE_SPECIAL) count_special(rule, table_.statistics);
}

// Every page begins with a row, so that a reader need not look into the page before.
void TablePager::open_pages_until(std::uint64_t page, bool with_row_at_start) {
  if (table_.pages.empty()) table_.first_page = page;
  while (table_.first_page + table_.pages.size() <= page) {
    const bool is_last = table_.first_page + table_.pages.size() == page;
    table_.pages.push_back({static_cast<__u32>(table_.rows.size()), 0});
    if (!is_last || !with_row_at_start) push(0, current_);
  }
  open_until_ = (table_.first_page + table_.pages.size()) << UNWIND_PAGE_BITS;
}

void TablePager::add(std::uint64_t address, Rule rule) {
  if (rule == current_) return;
  const auto offset = static_cast<std::uint32_t>(address & kPageMask);
  if (address >= open_until_) open_pages_until(address >> UNWIND_PAGE_BITS, offset == 0);
  push(offset, rule);
  current_ = rule;
}

void TablePager::finish(std::uint64_t end) {
  if (current_ != kNoCfi) {
    open_pages_until((end - 1) >> UNWIND_PAGE_BITS, false);
    if ((end & kPageMask) != 0) add(end, kNoCfi);
  }
  table_.statistics.rows = table_.rows.size();
}

}  // namespace sonde::unwind
