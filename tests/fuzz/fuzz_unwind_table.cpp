// Any bytes as an ELF file: no table, or one that is sound, and that the store gives back.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <vector>

#include "elf/image.hpp"
#include "expect.hpp"
#include "unwind/table_store.hpp"
#include "unwind/unwind_table.hpp"

namespace {

using namespace sonde;

class Chunks final : public unwind::ChunkMemory {
 public:
  Result<std::span<std::uint32_t>> chunk(std::uint32_t index) override {
    std::vector<std::uint32_t>& words = chunks_[index];
    if (words.empty()) words.resize(UNWIND_CHUNK_WORDS);
    return std::span(words);
  }

 private:
  std::map<std::uint32_t, std::vector<std::uint32_t>> chunks_;
};

void expect_sound(const unwind::UnwindTable& table) {
  for (const unwind_page& page : table.pages) {
    EXPECT(page.first <= table.rows.size() && page.rows <= table.rows.size() - page.first);
    EXPECT(page.rows <= 1u << UNWIND_PAGE_BITS);
    for (std::uint32_t i = 0; i < page.rows; ++i) {
      const std::uint32_t offset = table.rows[page.first + i] >> UNWIND_RULE_BITS;
      EXPECT(i == 0 ? offset == 0 : offset > table.rows[page.first + i - 1] >> UNWIND_RULE_BITS);
    }
  }
}

void expect_stored(const unwind::UnwindTable& table) {
  // What a hostile file can ask for is bounded; a large one is not worth the fuzzer's time.
  if (table.rows.size() > 4096 || table.pages.size() > 4096) return;
  static Chunks chunks;  // 4 MiB that no run relies on the content of
  unwind::TableStore store(chunks, std::uint64_t{1} << 20);
  const auto stored = store.insert(table);
  EXPECT(stored.has_value() && stored->has_value());
  for (std::size_t page = 0; page < table.pages.size(); ++page) {
    for (const std::uint64_t offset : {0u, 1u, 0x7ffu, 0xfffu}) {
      const std::uint64_t address = ((table.first_page + page) << UNWIND_PAGE_BITS) + offset;
      EXPECT(store.rule_at(**stored, address).value() == unwind::find(table, address));
    }
  }
  store.erase(**stored);
  EXPECT(store.used_bytes() == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::byte> bytes(size);
  if (size != 0) std::memcpy(bytes.data(), data, size);
  const auto image = elf::Image::open(ByteSource(std::move(bytes)));
  if (!image) return 0;
  unwind::UnwindDictionary dictionary;
  const auto table = unwind::build_unwind_table(*image, dictionary);
  if (!table) return 0;
  expect_sound(*table);
  expect_stored(*table);
  return 0;
}
