#include "unwind/table_store.hpp"

#include <algorithm>
#include <utility>

namespace sonde::unwind {
namespace {

// Rows go into pieces of about this size, so that freed memory fits the next table.
constexpr std::uint32_t kPieceWords = 16384;

std::uint32_t limit_in_words(std::uint64_t bytes) {
  constexpr std::uint64_t kMost = std::uint64_t{UNWIND_MAX_CHUNKS} << UNWIND_CHUNK_BITS;
  return static_cast<std::uint32_t>(std::min(bytes / sizeof(std::uint32_t), kMost));
}

// Pages [first, last) whose rows are one piece.
struct Piece {
  std::size_t first = 0;
  std::size_t last = 0;
  std::uint32_t words = 0;
};

Piece piece_from(const std::vector<unwind_page>& pages, std::size_t first) {
  Piece piece{first, first, 0};
  while (piece.last < pages.size() &&
         (piece.last == first || piece.words + pages[piece.last].rows <= kPieceWords)) {
    piece.words += pages[piece.last].rows;
    ++piece.last;
  }
  return piece;
}

std::uint32_t index_words(const UnwindTable& table) {
  return static_cast<std::uint32_t>(2 * table.pages.size());
}

}  // namespace

TableStore::TableStore(ChunkMemory& memory, std::uint64_t limit_bytes)
    : memory_(memory),
      limit_words_(limit_in_words(limit_bytes)),
      allocator_(UNWIND_CHUNK_WORDS, limit_words_) {
}

Result<std::optional<StoredTable>> TableStore::insert(const UnwindTable& table) {
  StoredTable stored;
  stored.first_page = static_cast<std::uint32_t>(table.first_page);
  stored.pages = static_cast<std::uint32_t>(table.pages.size());
  const auto allocated = allocate(table, stored);
  if (!allocated || !*allocated) {
    erase(stored);
    if (!allocated) return tl::unexpected(allocated.error());
    return std::nullopt;
  }
  if (auto written = write(table, stored); !written) {
    erase(stored);
    return tl::unexpected(written.error());
  }
  return stored;
}

Result<bool> TableStore::allocate(const UnwindTable& table, StoredTable& stored) {
  const auto take = [&](std::uint32_t words) {
    const auto extent = allocator_.allocate(words);
    if (extent) stored.extents.push_back(*extent);
    return extent.has_value();
  };
  if (!take(index_words(table))) return false;
  stored.index = stored.extents.front().first;
  for (std::size_t page = 0; page < table.pages.size();) {
    const Piece piece = piece_from(table.pages, page);
    if (!take(piece.words)) return false;
    page = piece.last;
  }
  return true;
}

Result<std::span<std::uint32_t>> TableStore::words_of(Extent extent) {
  auto chunk = memory_.chunk(extent.first >> UNWIND_CHUNK_BITS);
  if (!chunk) return chunk;
  return chunk->subspan(extent.first & (UNWIND_CHUNK_WORDS - 1), extent.words);
}

Result<void> TableStore::write(const UnwindTable& table, const StoredTable& stored) {
  auto index = words_of(stored.extents.front());
  if (!index) return tl::unexpected(index.error());
  auto extent = stored.extents.begin() + 1;
  for (std::size_t page = 0; page < table.pages.size(); ++extent) {
    const Piece piece = piece_from(table.pages, page);
    const auto words = words_of(*extent);
    if (!words) return tl::unexpected(words.error());
    std::uint32_t at = 0;
    for (; page < piece.last; ++page) {
      const unwind_page& from = table.pages[page];
      std::copy_n(table.rows.begin() + from.first, from.rows, words->begin() + at);
      (*index)[2 * page] = extent->first + at;
      (*index)[2 * page + 1] = from.rows;
      at += from.rows;
    }
  }
  return {};
}

void TableStore::erase(const StoredTable& table) {
  for (const Extent& extent : table.extents)
    allocator_.free(extent);
}

Result<std::uint32_t> TableStore::rule_at(const StoredTable& table, std::uint64_t address) {
  const std::uint64_t page = (address >> UNWIND_PAGE_BITS) - table.first_page;
  if (page >= table.pages) return kNoCfi;
  const auto entry = words_of({table.index + 2 * static_cast<std::uint32_t>(page), 2});
  if (!entry) return tl::unexpected(entry.error());
  const auto rows = words_of({(*entry)[0], (*entry)[1]});
  if (!rows) return tl::unexpected(rows.error());
  const auto key = static_cast<std::uint32_t>(address << UNWIND_RULE_BITS) | UNWIND_RULE_MASK;
  const auto after = std::upper_bound(rows->begin(), rows->end(), key);
  return after == rows->begin() ? kNoCfi : *(after - 1) & UNWIND_RULE_MASK;
}

bool TableStore::can_hold(const UnwindTable& table) const noexcept {
  return index_words(table) <= UNWIND_CHUNK_WORDS &&
         table.rows.size() + 2 * index_words(table) <= limit_words_;
}

std::uint64_t TableStore::used_bytes() const noexcept {
  return std::uint64_t{limit_words_ - allocator_.free_words()} * sizeof(std::uint32_t);
}

}  // namespace sonde::unwind
