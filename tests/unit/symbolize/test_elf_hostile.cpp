#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <fstream>
#include <iterator>

#include "elf_fixture.hpp"
#include "process/regular_file.hpp"
#include "symbolize/debug_file.hpp"
#include "symbolize/elf_symbols.hpp"
#include "symbolize/symbol_table.hpp"
#include "temp_dir.hpp"

using namespace sonde;
using namespace sonde::test;

namespace {

std::vector<std::byte> bytes_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  const auto* const begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

// Everything that is ever done with a file. Returns whether it opened.
bool exercise(std::vector<std::byte> bytes) {
  static const std::vector<std::uint64_t> kWanted = [] {
    std::vector<std::uint64_t> wanted;
    for (std::uint64_t a = 0; a < 0x5000; a += 0x13)
      wanted.push_back(a);
    wanted.push_back(UINT64_MAX);
    return wanted;
  }();
  const auto image = elf::Image::open(ByteSource(std::move(bytes)));
  if (!image) return false;
  image->vaddr_of(0x1000);
  const auto names = names_in(*image, "/x/libsymbols.so", "/nonexistent", kWanted);
  BOOST_REQUIRE_EQUAL(names.size(), kWanted.size());
  return true;
}

template <class T>
void overwrite(std::vector<std::byte>& bytes, std::size_t offset, const T& value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(elf_hostile)

// A file cut off anywhere gives an error or fewer names, never a crash.
BOOST_AUTO_TEST_CASE(truncated_files) {
  const std::vector<std::byte> whole = bytes_of(kLibrary);
  BOOST_TEST(exercise(whole));
  for (std::size_t part = 0; part < 16; ++part) {
    const auto length = static_cast<std::ptrdiff_t>(whole.size() * part / 16);
    exercise({whole.begin(), whole.begin() + length});
  }
  BOOST_TEST(!exercise({}));
  for (std::ptrdiff_t length = 1; length < 700; length += 7) {
    exercise({whole.begin(), whole.begin() + length});
  }
}

// Thousands of files with damaged bytes, half of them in the headers where they hurt most.
BOOST_AUTO_TEST_CASE(damaged_files) {
  const std::vector<std::byte> whole = bytes_of(kLibrary);
  Elf64_Ehdr header = {};
  std::memcpy(&header, whole.data(), sizeof header);
  std::uint64_t state = 88172645463325252u;
  const auto random = [&](std::uint64_t below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return static_cast<std::size_t>(state % below);
  };
  std::size_t opened = 0;
  for (int round = 0; round < 4000; ++round) {
    std::vector<std::byte> damaged = whole;
    for (std::size_t flips = 1 + random(8); flips > 0; --flips) {
      std::size_t at = random(damaged.size());
      if (round % 4 == 0) at = random(sizeof header + 12 * sizeof(Elf64_Phdr));
      if (round % 4 == 1) at = header.e_shoff + random(damaged.size() - header.e_shoff);
      damaged[at] = static_cast<std::byte>(random(256));
    }
    opened += exercise(std::move(damaged)) ? 1 : 0;
  }
  BOOST_TEST(opened > 1000u);  // else the test would not get past the headers
  BOOST_TEST(opened < 4000u);
}

// Counts and sizes that claim more than the file has are not believed.
BOOST_AUTO_TEST_CASE(boastful_headers) {
  const std::vector<std::byte> whole = bytes_of(kLibrary);
  Elf64_Ehdr header = {};
  std::memcpy(&header, whole.data(), sizeof header);
  {
    std::vector<std::byte> bytes = whole;
    overwrite(bytes, offsetof(Elf64_Ehdr, e_phnum), std::uint16_t{0xffff});
    BOOST_TEST(!exercise(bytes));
  }
  {
    std::vector<std::byte> bytes = whole;  // count in the first section header: 2^63
    overwrite(bytes, offsetof(Elf64_Ehdr, e_shnum), std::uint16_t{0});
    overwrite(bytes, header.e_shoff + offsetof(Elf64_Shdr, sh_size), std::uint64_t{1} << 63);
    BOOST_TEST(exercise(bytes));
  }
  for (std::size_t i = 0; i < header.e_shnum; ++i) {
    for (const std::uint64_t size : {UINT64_MAX, std::uint64_t{1} << 40}) {
      std::vector<std::byte> bytes = whole;
      overwrite(bytes, header.e_shoff + i * sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_size),
                size);
      BOOST_TEST(exercise(bytes));
    }
    std::vector<std::byte> bytes = whole;
    overwrite(bytes, header.e_shoff + i * sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_offset),
              UINT64_MAX - 8);
    BOOST_TEST(exercise(bytes));
  }
}

// A sparse file of a terabyte whose symbol table fills it is given up in time.
BOOST_AUTO_TEST_CASE(sparse_file) {
  const TempDir directory;
  const std::string file = directory.path("sparse");
  std::vector<std::byte> bytes = bytes_of(kLibrary);
  Elf64_Ehdr header = {};
  std::memcpy(&header, bytes.data(), sizeof header);
  const elf::Image image = open_image(kLibrary);
  for (std::size_t i = 0; i < image.sections().size(); ++i) {
    if (image.sections()[i].header.sh_type != SHT_SYMTAB) continue;
    overwrite(bytes, header.e_shoff + i * sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_size),
              std::uint64_t{1} << 40);
  }
  {
    std::ofstream out(file, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
  }
  if (::truncate(file.c_str(), off_t{1} << 40) != 0) {
    BOOST_TEST_MESSAGE("skipped: the file system has no sparse files of this size");
    return;
  }
  const NmSymbol symbol = nm_symbol(kLibrary, "exported_function");
  BOOST_TEST(name_in(file, symbol.address) == "weak_alias");
}

// A directory, a FIFO and an empty file are not opened as ELF.
BOOST_AUTO_TEST_CASE(not_even_files) {
  const TempDir directory;
  const std::string fifo = directory.path("fifo");
  BOOST_REQUIRE_EQUAL(::mkfifo(fifo.c_str(), 0600), 0);
  for (const std::string& path : {directory.path(), fifo, directory.write("empty", "")}) {
    BOOST_CHECK_THROW(open_image(path), std::runtime_error);
  }
}

BOOST_AUTO_TEST_SUITE_END()
