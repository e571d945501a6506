#include <boost/test/unit_test.hpp>
#include <map>
#include <random>
#include <vector>

#include "unwind/table_store.hpp"

using namespace sonde;
using unwind::StoredTable;
using unwind::TableStore;
using unwind::UnwindTable;

namespace {

class Memory final : public unwind::ChunkMemory {
 public:
  Result<std::span<std::uint32_t>> chunk(std::uint32_t index) override {
    auto& words = chunks_[index];
    words.resize(UNWIND_CHUNK_WORDS);
    return std::span(words);
  }

 private:
  std::map<std::uint32_t, std::vector<std::uint32_t>> chunks_;
};

// Pages of `rows` rows each, 16 bytes apart, whose rule is the number of the row in the table.
UnwindTable table_of(std::size_t pages, std::uint32_t rows) {
  UnwindTable table;
  table.first_page = 5;
  for (std::uint32_t page = 0; page < pages; ++page) {
    table.pages.push_back({static_cast<std::uint32_t>(table.rows.size()), rows});
    for (std::uint32_t row = 0; row < rows; ++row)
      table.rows.push_back(row * 16 << UNWIND_RULE_BITS | (page * rows + row));
  }
  return table;
}

StoredTable insert(TableStore& store, const UnwindTable& table) {
  auto stored = store.insert(table);
  BOOST_TEST_REQUIRE((stored && *stored));
  return **stored;
}

std::uint32_t rule(TableStore& store, const StoredTable& table, std::uint64_t address) {
  return store.rule_at(table, address).value();
}

constexpr std::uint64_t kFirst = 5 << UNWIND_PAGE_BITS;
constexpr std::uint32_t kNoRule = UNWIND_RULE_SPECIAL | UNWIND_CODE_NO_CFI;

}  // namespace

// Every address finds the row at or before it, in tables of one piece and of many.
BOOST_AUTO_TEST_CASE(rules_are_found) {
  Memory memory;
  TableStore store(memory, std::uint64_t{64} << 20);
  for (const std::size_t pages : {std::size_t{1}, std::size_t{3}, std::size_t{700}}) {
    const StoredTable table = insert(store, table_of(pages, 200));
    for (std::size_t page = 0; page < pages; ++page) {
      for (const std::uint32_t row : {0u, 1u, 99u, 199u}) {
        const std::uint64_t address = kFirst + page * 4096 + row * 16;
        BOOST_TEST_REQUIRE(rule(store, table, address) == page * 200 + row);
        BOOST_TEST_REQUIRE(rule(store, table, address + 15) == page * 200 + row);
      }
    }
  }
}

// Outside of its pages, and in a page without rows, a file has no call frame information.
BOOST_AUTO_TEST_CASE(outside_is_no_cfi) {
  Memory memory;
  TableStore store(memory, std::uint64_t{1} << 20);
  UnwindTable source = table_of(2, 1);
  source.pages.push_back({2, 0});
  const StoredTable table = insert(store, source);
  BOOST_TEST(rule(store, table, kFirst - 1) == kNoRule);
  BOOST_TEST(rule(store, table, kFirst + 3 * 4096) == kNoRule);
  BOOST_TEST(rule(store, table, kFirst + 2 * 4096 + 5) == kNoRule);
}

// What does not fit is refused and leaves nothing behind; what was erased makes room.
BOOST_AUTO_TEST_CASE(a_full_store_refuses) {
  Memory memory;
  TableStore store(memory, 100'000);
  const UnwindTable table = table_of(10, 1000);
  const StoredTable first = insert(store, table);
  const StoredTable second = insert(store, table);
  const std::uint64_t used = store.used_bytes();
  BOOST_TEST(!store.insert(table).value());
  BOOST_TEST(store.used_bytes() == used);
  store.erase(first);
  const StoredTable third = insert(store, table);
  BOOST_TEST(rule(store, second, kFirst + 9 * 4096) == 9000u);
  BOOST_TEST(rule(store, third, kFirst + 9 * 4096) == 9000u);
  store.erase(second);
  store.erase(third);
  BOOST_TEST(store.used_bytes() == 0u);
  BOOST_TEST(store.can_hold(table));
  BOOST_TEST(!store.can_hold(table_of(40, 1000)));
}
