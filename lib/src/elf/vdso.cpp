#include "elf/vdso.hpp"

#include <link.h>
#include <sys/auxv.h>

#include <utility>
#include <vector>

namespace sonde::elf {

std::optional<Image> open_vdso() {
  const unsigned long address = ::getauxval(AT_SYSINFO_EHDR);
  if (address == 0) return std::nullopt;
  // The kernel maps the whole ELF file, section headers, which come last, included.
  const auto* const header = reinterpret_cast<const ElfW(Ehdr)*>(address);
  const std::size_t size =
      header->e_shoff + std::size_t{header->e_shnum} * std::size_t{header->e_shentsize};
  const auto* const begin = reinterpret_cast<const std::byte*>(address);
  auto image = Image::open(ByteSource(std::vector<std::byte>(begin, begin + size)));
  if (!image) return std::nullopt;
  return std::move(*image);
}

}  // namespace sonde::elf
