#include "symbolize/symbol_table.hpp"

#include <algorithm>
#include <cstring>

namespace sonde::symbolize {
namespace {

constexpr std::size_t kSymbolsAtOnce = 4096;
// 384 MB of table; the largest programs (browsers with debug information) have a tenth of it.
constexpr std::uint64_t kMostSymbols = std::uint64_t{16} << 20;
// Names that are asked for one after the other are seldom neighbours, and most are short.
constexpr std::size_t kWindow = 512;
constexpr std::size_t kLongestName = std::size_t{16} * 1024;

Elf64_Sym read_symbol(const std::byte* bytes, bool is_64_bit) {
  Elf64_Sym symbol = {};
  if (is_64_bit) {
    std::memcpy(&symbol, bytes, sizeof symbol);
    return symbol;
  }
  Elf32_Sym narrow = {};
  std::memcpy(&narrow, bytes, sizeof narrow);
  symbol.st_name = narrow.st_name;
  symbol.st_info = narrow.st_info;
  symbol.st_shndx = narrow.st_shndx;
  symbol.st_value = narrow.st_value;
  symbol.st_size = narrow.st_size;
  return symbol;
}

}  // namespace

std::optional<SymbolTable> SymbolTable::find(const elf::Image& image, std::uint32_t type) {
  const elf::Section* const symbols = image.section_of_type(type);
  // strip --only-keep-debug leaves .dynsym as SHT_NOBITS, so a type that fits means that the bytes
  // are there.
  if (symbols == nullptr || symbols->header.sh_link >= image.sections().size()) return std::nullopt;
  const elf::Section& strings = image.sections()[symbols->header.sh_link];
  if (strings.header.sh_type != SHT_STRTAB) return std::nullopt;
  SymbolTable table(image, symbols->header, strings.header);
  if (table.symbols_.sh_size <= table.entry_size()) return std::nullopt;
  return table;
}

std::size_t SymbolTable::entry_size() const {
  return image_->is_64_bit() ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
}

void SymbolTable::offer_to(NearestSymbols& nearest, std::uint32_t id) {
  const std::size_t each = entry_size();
  std::vector<std::byte> bytes(kSymbolsAtOnce * each);
  std::uint64_t left = std::min(symbols_.sh_size / each, kMostSymbols);
  std::uint64_t offset = symbols_.sh_offset;
  while (left > 0) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, kSymbolsAtOnce));
    const std::size_t got = image_->source().read(offset, std::span(bytes).first(wanted * each));
    for (std::size_t i = 0; i < got / each; ++i) {
      auto found = candidate(read_symbol(bytes.data() + i * each, image_->is_64_bit()));
      if (!found) continue;
      found->table = id;
      nearest.add(*found);
    }
    if (got < wanted * each) return;
    left -= wanted;
    offset += got;
  }
}

std::optional<SymbolCandidate> SymbolTable::candidate(const Elf64_Sym& symbol) {
  const unsigned type = ELF64_ST_TYPE(symbol.st_info);
  const bool is_function = type == STT_FUNC || type == STT_GNU_IFUNC;
  if ((!is_function && type != STT_NOTYPE) || symbol.st_name == 0) return std::nullopt;
  if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx >= SHN_LORESERVE) return std::nullopt;
  if (symbol.st_shndx >= image_->sections().size()) return std::nullopt;
  const Elf64_Shdr& section = image_->sections()[symbol.st_shndx].header;
  if ((section.sh_flags & SHF_EXECINSTR) == 0) return std::nullopt;
  if (type == STT_NOTYPE && is_marker(symbol.st_name)) return std::nullopt;

  SymbolCandidate found;
  // The lowest bit of an ARM function's value says that it is Thumb code.
  const bool thumb = image_->machine() == EM_ARM && is_function;
  found.value = thumb ? symbol.st_value & ~std::uint64_t{1} : symbol.st_value;
  found.size = symbol.st_size;
  found.limit = section.sh_addr + section.sh_size;
  const bool exported = ELF64_ST_BIND(symbol.st_info) != STB_LOCAL;
  found.preference = (is_function ? 2u : 0u) + (exported ? 1u : 0u);
  found.name = symbol.st_name;
  return found;
}

// "$x", "$d", "$t" of the ARM and RISC-V ABIs tell code from data, ".L" begins an assembler's local
// label.
bool SymbolTable::is_marker(std::uint64_t name) {
  const std::uint16_t machine = image_->machine();
  if (machine != EM_ARM && machine != EM_AARCH64 && machine != EM_RISCV) return false;
  const std::string text = name_at(name);
  return text.starts_with('$') || text.starts_with(".L");
}

std::string SymbolTable::name_of_symbol(std::uint64_t index) {
  const std::size_t each = entry_size();
  if (index >= symbols_.sh_size / each) return {};
  std::byte bytes[sizeof(Elf64_Sym)] = {};
  const std::span<std::byte> entry = std::span(bytes).first(each);
  if (image_->source().read(symbols_.sh_offset + index * each, entry) != each) return {};
  return name_at(read_symbol(bytes, image_->is_64_bit()).st_name);
}

std::string SymbolTable::name_at(std::uint64_t offset) {
  if (offset >= strings_.sh_size) return {};
  const auto in_window = [&]() -> std::string_view {
    if (offset < window_start_ || offset - window_start_ >= window_.size()) return {};
    const auto skip = static_cast<std::size_t>(offset - window_start_);
    return {window_.data() + skip, window_.size() - skip};
  };
  for (const std::size_t size : {kWindow, kLongestName}) {
    if (in_window().find('\0') != std::string_view::npos) break;
    window_start_ = offset;
    window_.resize(
        static_cast<std::size_t>(std::min<std::uint64_t>(size, strings_.sh_size - offset)));
    window_.resize(image_->source().read(strings_.sh_offset + offset,
                                         std::as_writable_bytes(std::span(window_))));
  }
  const std::string_view name = in_window().substr(0, in_window().find('\0'));
  const std::size_t version = name.find('@', 1);
  return std::string(name.substr(0, version));
}

}  // namespace sonde::symbolize
