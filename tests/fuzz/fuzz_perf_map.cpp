// Any bytes as a runtime's perf map: each address has a name of one of the lines, or none.
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "expect.hpp"
#include "symbolize/perf_map.hpp"
#include "util/unique_fd.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const sonde::UniqueFd file(::memfd_create("perf-map", MFD_CLOEXEC));
  EXPECT(static_cast<bool>(file));
  EXPECT(::write(file.get(), data, size) == static_cast<ssize_t>(size));
  constexpr std::array<std::uint64_t, 6> kAddresses = {0,      1,          0x1000,
                                                       0x1010, 0x7fff0000, UINT64_MAX};
  const auto found = sonde::symbolize::find_jit_names(file.get(), kAddresses);
  EXPECT(found.names.size() == kAddresses.size());
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const std::string& name : found.names)
    EXPECT(name.empty() || text.find(name) != std::string_view::npos);
  return 0;
}
