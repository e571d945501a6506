// The tables that the kernel's unwinder reads, in chunks of memory that it shares with us.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <sonde/error.hpp>
#include "unwind/extent_allocator.hpp"
#include "unwind/unwind_table.hpp"

namespace sonde::unwind {

/// Chunks of UNWIND_CHUNK_WORDS words, made when they are first asked for.
class ChunkMemory {
 public:
  virtual ~ChunkMemory() = default;
  virtual Result<std::span<std::uint32_t>> chunk(std::uint32_t index) = 0;
};

/// Where a table is kept.
struct StoredTable {
  std::uint32_t index = 0;  // word of its first unwind_page
  std::uint32_t first_page = 0;
  std::uint32_t pages = 0;
  std::vector<Extent> extents;
};

class TableStore {
 public:
  /// Keeps `limit_bytes` at most, and no more than UNWIND_MAX_CHUNKS chunks. `memory` must outlive
  /// it.
  TableStore(ChunkMemory& memory, std::uint64_t limit_bytes);

  /// Nothing if there is no room now. Fails if a chunk cannot be made.
  Result<std::optional<StoredTable>> insert(const UnwindTable& table);
  /// The kernel must not read it any more.
  void erase(const StoredTable& table);

  /// The rule of an address in the ELF file.
  Result<std::uint32_t> rule_at(const StoredTable& table, std::uint64_t address);

  /// Whether the table would fit if nothing else were kept.
  bool can_hold(const UnwindTable& table) const noexcept;
  std::uint64_t used_bytes() const noexcept;

 private:
  Result<bool> allocate(const UnwindTable& table, StoredTable& stored);
  Result<std::span<std::uint32_t>> words_of(Extent extent);
  Result<void> write(const UnwindTable& table, const StoredTable& stored);

  ChunkMemory& memory_;
  std::uint32_t limit_words_;
  ExtentAllocator allocator_;
};

}  // namespace sonde::unwind
