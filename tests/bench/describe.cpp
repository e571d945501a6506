// Reads addresses, in hexadecimal, and tells the calls at each as addr2line -a -i -f does: what
// sonde itself does at the end of a session, alone.
#include <fcntl.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "dwarf/debug_info.hpp"
#include "elf/image.hpp"
#include "util/unique_fd.hpp"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto image = sonde::elf::Image::open(
      sonde::ByteSource(sonde::UniqueFd(::open(argv[1], O_RDONLY | O_CLOEXEC))));
  if (!image) {
    std::fprintf(stderr, "%s: %s\n", argv[1], image.error().message().c_str());
    return 1;
  }
  std::vector<std::uint64_t> asked;
  for (std::string line; std::getline(std::cin, line);)
    asked.push_back(std::strtoull(line.c_str(), nullptr, 16));
  std::vector<std::uint64_t> sorted = asked;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  const sonde::dwarf::AddressInfo info = sonde::dwarf::look_up(*image, nullptr, sorted);
  for (const std::uint64_t address : asked) {
    std::printf("0x%016lx\n", address);
    const auto place = std::lower_bound(sorted.begin(), sorted.end(), address) - sorted.begin();
    const auto& calls = info.calls[static_cast<std::size_t>(place)];
    if (calls.empty()) std::puts("??\n??:0");
    for (const sonde::dwarf::Call& call : calls) {
      const bool named = call.name != sonde::dwarf::kNone;
      const bool placed = call.file != sonde::dwarf::kNone;
      std::printf("%s\n%s:%u\n", named ? info.names[call.name].text.c_str() : "??",
                  placed ? info.files[call.file].c_str() : "??", call.line);
    }
  }
}
