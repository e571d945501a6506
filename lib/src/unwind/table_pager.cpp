#include "unwind/table_pager.hpp"

namespace sonde::unwind {

void TablePager::count_special(Rule rule) noexcept {
  UnwindStatistics& statistics = table_.statistics;
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

void TablePager::finish(std::uint64_t end) {
  if (current_ != kNoCfi) {
    open_pages_until((end - 1) >> UNWIND_PAGE_BITS, false);
    if ((end & kPageMask) != 0) add(end, kNoCfi);
  }
  table_.statistics.rows = table_.rows.size();
}

}  // namespace sonde::unwind
