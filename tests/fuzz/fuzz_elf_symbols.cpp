// Any bytes as an ELF file: every address has a name or none.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "elf/image.hpp"
#include "expect.hpp"
#include "symbolize/debug_files.hpp"
#include "symbolize/elf_symbols.hpp"
#include "symbolize/plt.hpp"

namespace {

// No debug file is found below it.
constexpr const char* kNoRoot = "/nonexistent";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sonde;
  std::vector<std::byte> bytes(size);
  if (size != 0) std::memcpy(bytes.data(), data, size);
  const auto image = elf::Image::open(ByteSource(std::move(bytes)));
  if (!image) {
    EXPECT(!image.error().what.empty());
    return 0;
  }
  constexpr std::array<std::uint64_t, 8> kAddresses = {0,      0x1000, 0x1020,   0x1100,
                                                       0x1139, 0x2000, 0x401000, UINT64_MAX};
  symbolize::DebugFiles files(*image, "/lib/libfuzz.so", kNoRoot);
  const auto names = symbolize::find_elf_names(files, kAddresses);
  EXPECT(names.size() == kAddresses.size());
  for (const elf::Section& section : image->sections()) {
    if (section.name.starts_with(".plt")) symbolize::plt_name(*image, section.header.sh_addr + 16);
  }
  for (const std::uint64_t address : kAddresses) {
    if (const auto offset = image->offset_of(address)) image->vaddr_of(*offset);
  }
  return 0;
}
