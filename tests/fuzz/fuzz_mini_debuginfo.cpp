// Any bytes as the .gnu_debugdata of a sound ELF file: symbols, or none.
#include <elf.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "elf/image.hpp"
#include "expect.hpp"
#include "symbolize/debug_file.hpp"

namespace {

constexpr std::string_view kNames("\0.gnu_debugdata\0.shstrtab\0", 26);

template <class T>
void append(std::vector<std::byte>& file, const T* object, std::size_t count = 1) {
  const std::size_t at = file.size();
  file.resize(at + count * sizeof(T));
  if (count != 0) std::memcpy(file.data() + at, object, count * sizeof(T));
}

std::vector<std::byte> file_with(const std::uint8_t* data, std::size_t size) {
  std::array<Elf64_Shdr, 3> sections{};
  const std::size_t names_at = sizeof(Elf64_Ehdr) + sizeof(sections);
  sections[1].sh_name = 1;
  sections[1].sh_type = SHT_PROGBITS;
  sections[1].sh_offset = names_at + kNames.size();
  sections[1].sh_size = size;
  sections[2].sh_name = 16;
  sections[2].sh_type = SHT_STRTAB;
  sections[2].sh_offset = names_at;
  sections[2].sh_size = kNames.size();
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_machine = EM_X86_64;
  header.e_shoff = sizeof(header);
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = sections.size();
  header.e_shstrndx = 2;
  std::vector<std::byte> file;
  append(file, &header);
  append(file, sections.data(), sections.size());
  append(file, kNames.data(), kNames.size());
  append(file, data, size);
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto image = sonde::elf::Image::open(sonde::ByteSource(file_with(data, size)));
  EXPECT(image.has_value() && image->section(".gnu_debugdata") != nullptr);
  const auto inner = sonde::symbolize::open_mini_debuginfo(*image);
  EXPECT(!inner || inner->source().size() > 0);
  return 0;
}
