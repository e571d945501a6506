#include "symbolize/plt.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "symbolize/symbol_table.hpp"

namespace sonde::symbolize {
namespace {

constexpr std::uint64_t kStubSize = 16;
constexpr std::uint64_t kMostRelocations = std::uint64_t{1} << 20;

// The word of the global offset table that the stub jumps through: "jmp *disp32(%rip)", ff 25,
// behind endbr64 or a bnd prefix in tables built for Intel CET.
std::optional<std::uint64_t> jump_slot(const elf::Image& image, const Elf64_Shdr& table,
                                       std::uint64_t vaddr) {
  const std::uint64_t size = table.sh_entsize == 8 ? 8 : kStubSize;
  const std::uint64_t in_table = (vaddr - table.sh_addr) / size * size;
  std::array<char, kStubSize> stub = {};
  image.source().read(table.sh_offset + in_table,
                      std::as_writable_bytes(std::span(stub)).first(size));
  const std::size_t jump = std::string_view(stub.data(), stub.size()).find("\xff\x25");
  if (jump == std::string_view::npos || jump + 6 > size) return std::nullopt;
  std::int32_t displacement = 0;
  std::memcpy(&displacement, stub.data() + jump + 2, sizeof displacement);
  const std::uint64_t next_instruction = table.sh_addr + in_table + jump + 6;
  return next_instruction + static_cast<std::uint64_t>(std::int64_t{displacement});
}

// Index of the dynamic symbol whose address the loader writes to `slot`; 0 if none.
std::uint64_t symbol_of_slot(const elf::Image& image, const elf::Section& relocations,
                             std::uint64_t slot) {
  constexpr std::size_t kAtOnce = 2048;
  std::vector<Elf64_Rela> entries(kAtOnce);
  const std::uint64_t count =
      std::min(relocations.header.sh_size / sizeof(Elf64_Rela), kMostRelocations);
  for (std::uint64_t done = 0; done < count; done += kAtOnce) {
    entries.resize(static_cast<std::size_t>(std::min<std::uint64_t>(count - done, kAtOnce)));
    const std::span<std::byte> bytes = std::as_writable_bytes(std::span(entries));
    const std::uint64_t offset = relocations.header.sh_offset + done * sizeof(Elf64_Rela);
    if (image.source().read(offset, bytes) != bytes.size()) return 0;
    for (const Elf64_Rela& entry : entries) {
      if (entry.r_offset == slot) return ELF64_R_SYM(entry.r_info);
    }
  }
  return 0;
}

}  // namespace

std::string plt_name(const elf::Image& image, std::uint64_t vaddr) {
  if (image.machine() != EM_X86_64 || !image.is_64_bit()) return {};
  const elf::Section* const table = image.section_at(vaddr);
  if (table == nullptr || !table->name.starts_with(".plt")) return {};
  const std::optional<std::uint64_t> slot = jump_slot(image, table->header, vaddr);
  std::optional<SymbolTable> symbols = SymbolTable::find(image, SHT_DYNSYM);
  if (!slot || !symbols) return {};
  // .plt.got jumps through slots that ordinary relocations fill.
  for (const std::string_view name : {".rela.plt", ".rela.dyn"}) {
    const elf::Section* const relocations = image.section(name);
    if (relocations == nullptr) continue;
    const std::uint64_t index = symbol_of_slot(image, *relocations, *slot);
    const std::string symbol = index == 0 ? std::string{} : symbols->name_of_symbol(index);
    if (!symbol.empty()) return symbol + "@plt";
  }
  return {};
}

}  // namespace sonde::symbolize
