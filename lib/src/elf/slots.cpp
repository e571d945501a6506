#include "elf/slots.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

namespace sonde::elf {
namespace {

constexpr std::uint64_t kLongestTable = std::uint64_t{64} << 20;
constexpr std::uint64_t kLongestName = 4096;

// Of a section with relocations: the symbol that is for `slot`.
std::optional<std::uint64_t> symbol_for(const Image& image, const Elf64_Shdr& table,
                                        std::uint64_t slot) {
  const auto bytes = image.source().read_range(table.sh_offset, table.sh_size, kLongestTable);
  std::vector<Elf64_Rela> entries(bytes.size() / sizeof(Elf64_Rela));
  if (!entries.empty())
    std::memcpy(entries.data(), bytes.data(), entries.size() * sizeof(Elf64_Rela));
  const auto found = std::ranges::find(entries, slot, &Elf64_Rela::r_offset);
  if (found == entries.end() || ELF64_R_SYM(found->r_info) == 0) return std::nullopt;
  return ELF64_R_SYM(found->r_info);
}

std::string name_of(const Image& image, const Elf64_Shdr& symbols, std::uint64_t index) {
  Elf64_Sym symbol{};
  if (symbols.sh_link >= image.sections().size() || index >= symbols.sh_size / sizeof(symbol) ||
      !image.source().read_object(symbols.sh_offset + index * sizeof(symbol), symbol))
    return {};
  const Elf64_Shdr& strings = image.sections()[symbols.sh_link].header;
  if (symbol.st_name >= strings.sh_size) return {};
  const auto length = std::min<std::uint64_t>(strings.sh_size - symbol.st_name, kLongestName);
  const auto bytes =
      image.source().read_range(strings.sh_offset + symbol.st_name, length, kLongestName);
  const char* const begin = reinterpret_cast<const char*>(bytes.data());
  const std::string name(begin, ::strnlen(begin, bytes.size()));
  return name.substr(0, name.find('@', 1));
}

}  // namespace

std::string symbol_of_slot(const Image& image, std::uint64_t slot) {
  if (!image.is_64_bit()) return {};
  for (const Section& section : image.sections()) {
    const Elf64_Shdr& table = section.header;
    if (table.sh_type != SHT_RELA || table.sh_link >= image.sections().size()) continue;
    if (const auto index = symbol_for(image, table, slot))
      return name_of(image, image.sections()[table.sh_link].header, *index);
  }
  return {};
}

}  // namespace sonde::elf
