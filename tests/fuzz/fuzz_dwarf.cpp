// Any bytes as an ELF file with debug information: answers that fit together, for every address
// near those that the file's own headers name.
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "dwarf/debug_info.hpp"
#include "elf/image.hpp"
#include "expect.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data, size));
  const auto image = sonde::elf::Image::open(
      sonde::ByteSource(std::vector<std::byte>(bytes.begin(), bytes.end())));
  if (!image) return 0;
  std::vector<std::uint64_t> addresses;
  for (std::uint64_t address = 0x1000; address < 0x1500; address += 5)
    addresses.push_back(address);
  const sonde::dwarf::AddressInfo info = sonde::dwarf::look_up(*image, &*image, addresses);
  EXPECT(info.calls.size() == addresses.size());
  for (const std::vector<sonde::dwarf::Call>& calls : info.calls) {
    for (const sonde::dwarf::Call& call : calls) {
      EXPECT(call.name == sonde::dwarf::kNone || call.name < info.names.size());
      EXPECT(call.file == sonde::dwarf::kNone || call.file < info.files.size());
      EXPECT((call.file == sonde::dwarf::kNone) == (call.line == 0));
    }
  }
  return 0;
}
