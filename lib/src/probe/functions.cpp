#include "probe/functions.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>

namespace sonde::probe {
namespace {

// A symbol table larger than this is no library's; only part of it is read.
constexpr std::uint64_t kMostSymbols = std::uint64_t{4} << 20;
constexpr std::uint64_t kLongestStrings = std::uint64_t{256} << 20;
constexpr std::uint64_t kSymbolsAtOnce = 4096;

bool in_code(const elf::Image& image, const Elf64_Sym& symbol) {
  const elf::Section* const section = image.section_at(symbol.st_value);
  return section != nullptr && (section->header.sh_flags & SHF_EXECINSTR) != 0;
}

std::string_view name_at(std::span<const std::byte> strings, std::uint64_t offset) {
  if (offset >= strings.size()) return {};
  const char* const begin = reinterpret_cast<const char*>(strings.data()) + offset;
  const std::string_view name(begin,
                              ::strnlen(begin, strings.size() - static_cast<std::size_t>(offset)));
  return name.substr(0, name.find('@', 1));
}

void read_table(const elf::Image& image, const elf::Section& table,
                const std::function<bool(std::string_view)>& wanted, std::vector<Function>& out) {
  if (table.header.sh_link >= image.sections().size()) return;
  const Elf64_Shdr& where = image.sections()[table.header.sh_link].header;
  if (where.sh_type != SHT_STRTAB) return;
  const std::vector<std::byte> strings =
      image.source().read_range(where.sh_offset, where.sh_size, kLongestStrings);
  std::uint64_t left = std::min(table.header.sh_size / sizeof(Elf64_Sym), kMostSymbols);
  std::uint64_t offset = table.header.sh_offset;
  std::vector<Elf64_Sym> symbols(kSymbolsAtOnce);
  while (left > 0) {
    const auto count = static_cast<std::size_t>(std::min(left, kSymbolsAtOnce));
    const auto bytes = std::as_writable_bytes(std::span(symbols).first(count));
    if (image.source().read(offset, bytes) != bytes.size()) return;
    for (const Elf64_Sym& symbol : std::span(symbols).first(count)) {
      if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF) continue;
      const std::string_view name = name_at(strings, symbol.st_name);
      if (name.empty() || !wanted(name) || !in_code(image, symbol)) continue;
      out.push_back({std::string(name), symbol.st_value, symbol.st_size});
    }
    offset += bytes.size();
    left -= count;
  }
}

}  // namespace

std::vector<Function> find_functions(const elf::Image& image,
                                     const std::function<bool(std::string_view)>& wanted) {
  std::vector<Function> found;
  if (!image.is_64_bit()) return found;
  for (const std::uint32_t type : {std::uint32_t{SHT_SYMTAB}, std::uint32_t{SHT_DYNSYM}}) {
    if (const elf::Section* const table = image.section_of_type(type))
      read_table(image, *table, wanted, found);
  }
  const auto key = [](const Function& f) { return std::tie(f.address, f.name); };
  // The larger size first, which is the one that stays.
  std::sort(found.begin(), found.end(), [&](const Function& a, const Function& b) {
    return key(a) != key(b) ? key(a) < key(b) : a.size > b.size;
  });
  const auto same = [&](const Function& a, const Function& b) { return key(a) == key(b); };
  found.erase(std::unique(found.begin(), found.end(), same), found.end());
  return found;
}

}  // namespace sonde::probe
