#include <boost/test/unit_test.hpp>
#include <sstream>

#include "command.hpp"
#include "elf/vdso.hpp"
#include "elf_files.hpp"

using namespace sonde;
using namespace sonde::test;

namespace {
const std::string kLibrary = SYMBOLS_LIBRARY;
}

BOOST_AUTO_TEST_SUITE(elf_image)

// The build-id is the one that readelf shows.
BOOST_AUTO_TEST_CASE(reads_the_build_id) {
  const std::string expected =
      output_of("readelf -n '" + kLibrary + "' | sed -n 's/^ *Build ID: //p' | tr -d '\\n'");
  BOOST_REQUIRE_EQUAL(expected.size(), 40u);
  BOOST_TEST(open_image(kLibrary).build_id() == expected);
}

// Every byte of a loaded segment goes where readelf's program headers say; bytes that no segment
// loads go nowhere.
BOOST_AUTO_TEST_CASE(translates_offsets) {
  const elf::Image image = open_image(kLibrary);
  // "LOAD 0x001000 0x0000000000001000 0x0000000000001000 0x0001d5 0x0001d5 R E 0x1000"
  std::istringstream lines(output_of("readelf -lW '" + kLibrary + "' | grep -w LOAD"));
  std::size_t segments = 0;
  for (std::string line; std::getline(lines, line); ++segments) {
    std::istringstream fields(line);
    std::string word;
    std::uint64_t offset = 0, vaddr = 0, paddr = 0, size = 0;
    fields >> word >> std::hex >> offset >> vaddr >> paddr >> size;
    BOOST_TEST(image.vaddr_of(offset).value() == vaddr);
    BOOST_TEST(image.offset_of(vaddr).value() == offset);
    BOOST_TEST(image.vaddr_of(offset + size - 1).value() == vaddr + size - 1);
  }
  BOOST_TEST(segments >= 3u);
  BOOST_TEST(!image.vaddr_of(image.source().size()).has_value());
  BOOST_TEST(!image.offset_of(UINT64_MAX).has_value());
  const std::string entry =
      output_of("readelf -h '" + kLibrary + "' | awk '/Entry point/ {print $4}'");
  BOOST_TEST(image.entry() == std::stoull(entry, nullptr, 16));
}

// What is no ELF file that we read is refused with the reason.
BOOST_AUTO_TEST_CASE(refuses_other_files) {
  const auto error_of = [](std::string bytes) {
    const auto* begin = reinterpret_cast<const std::byte*>(bytes.data());
    const auto image =
        elf::Image::open(ByteSource(std::vector<std::byte>(begin, begin + bytes.size())));
    return image ? std::string("opened") : image.error().what;
  };
  BOOST_TEST(error_of("") == "not an ELF file");
  BOOST_TEST(error_of("#!/bin/sh\necho hello, this is a script\n") == "not an ELF file");
  BOOST_TEST(error_of(std::string("\x7f"
                                  "ELF\x02\x02\x01\0\0\0\0\0\0\0\0\0",
                                  16)) == "not a little-endian ELF file");
  BOOST_TEST(error_of(std::string("\x7f"
                                  "ELF\x02\x01\x01\0\0\0\0\0\0\0\0\0",
                                  16)) == "truncated or damaged ELF headers");
  BOOST_TEST(error_of(std::string("\x7f"
                                  "ELF\x07\x01\x01\0\0\0\0\0\0\0\0\0",
                                  16)) == "truncated or damaged ELF headers");
}

// The vDSO that the kernel maps has the functions of vdso(7).
BOOST_AUTO_TEST_CASE(opens_the_vdso) {
  const auto vdso = elf::open_vdso();
  BOOST_REQUIRE(vdso.has_value());
  BOOST_TEST((vdso->section_of_type(SHT_DYNSYM) != nullptr));
  BOOST_TEST(vdso->vaddr_of(0).value() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
