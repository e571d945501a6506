#include <boost/test/unit_test.hpp>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>

#include "dwarf/debug_info.hpp"
#include "oracle.hpp"
#include "util/byte_source.hpp"

using namespace sonde;

namespace {

const std::string kProgram = std::string(INLINES_DIRECTORY) + "/inlines_5";

std::vector<std::byte> bytes_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  const std::vector<char> text{std::istreambuf_iterator<char>(in), {}};
  std::vector<std::byte> bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

/// Looks up; what comes back is in order, whatever the file says.
std::size_t exercise(std::vector<std::byte> bytes, const std::vector<std::uint64_t>& addresses) {
  const auto image = elf::Image::open(ByteSource(std::move(bytes)));
  if (!image) return 0;
  const dwarf::AddressInfo info = dwarf::look_up(*image, &*image, addresses);
  BOOST_REQUIRE_EQUAL(info.calls.size(), addresses.size());
  std::size_t known = 0;
  for (const std::vector<dwarf::Call>& calls : info.calls) {
    known += calls.empty() ? 0 : 1;
    for (const dwarf::Call& call : calls) {
      BOOST_REQUIRE((call.name == dwarf::kNone || call.name < info.names.size()));
      BOOST_REQUIRE((call.file == dwarf::kNone || call.file < info.files.size()));
    }
  }
  return known;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(hostile)

// A file cut off anywhere gives fewer calls, never a crash.
BOOST_AUTO_TEST_CASE(truncated_files) {
  const std::vector<std::byte> whole = bytes_of(kProgram);
  const auto addresses = test::addresses_in(kProgram, 200);
  BOOST_TEST(exercise(whole, addresses) > 100u);
  for (std::size_t part = 0; part < 64; ++part) {
    const auto length = static_cast<std::ptrdiff_t>(whole.size() * part / 64);
    exercise({whole.begin(), whole.begin() + length}, addresses);
  }
}

// Damaged bytes in each section of debug information.
BOOST_AUTO_TEST_CASE(damaged_sections) {
  const std::vector<std::byte> whole = bytes_of(kProgram);
  const auto addresses = test::addresses_in(kProgram, 100);
  const auto image = elf::Image::open(ByteSource(std::vector<std::byte>(whole)));
  std::uint64_t state = 88172645463325252u;
  const auto random = [&](std::uint64_t below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return static_cast<std::size_t>(state % below);
  };
  std::size_t sections = 0;
  for (const elf::Section& section : image->sections()) {
    if (!section.name.starts_with(".debug_") || section.header.sh_size == 0) continue;
    ++sections;
    for (int round = 0; round < 60; ++round) {
      std::vector<std::byte> damaged = whole;
      for (std::size_t flips = 1 + random(8); flips > 0; --flips) {
        // Headers are at the front.
        const std::uint64_t within = round % 2 == 0
                                         ? section.header.sh_size
                                         : std::min<std::uint64_t>(64, section.header.sh_size);
        damaged[section.header.sh_offset + random(within)] = static_cast<std::byte>(random(256));
      }
      exercise(std::move(damaged), addresses);
    }
  }
  BOOST_TEST(sections >= 6u);
}

BOOST_AUTO_TEST_SUITE_END()
