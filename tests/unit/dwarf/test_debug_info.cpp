#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <sstream>

#include "command.hpp"
#include "dwarf/debug_info.hpp"
#include "elf_files.hpp"
#include "oracle.hpp"
#include "temp_dir.hpp"

using namespace sonde;
using namespace sonde::test;

namespace {

std::string name_of(const dwarf::AddressInfo& info, const dwarf::Call& call) {
  return call.name == dwarf::kNone ? "??" : info.names[call.name].text;
}

// Tools leave out the directory of the compilation, or put it before a name that has it.
bool same_source(const dwarf::AddressInfo& info, const dwarf::Call& call,
                 const std::string& expected) {
  if (call.file == dwarf::kNone) return expected.ends_with(":0");
  const std::string found = info.files[call.file] + ':' + std::to_string(call.line);
  return found.ends_with(expected) || expected.ends_with(found);
}

/// Whether a tool's answer is ours. The name of the function itself is of the symbol table there,
/// so it is not compared.
bool same_calls(const dwarf::AddressInfo& info, const std::vector<dwarf::Call>& calls,
                const std::vector<OracleCall>& expected) {
  // A tool shows one line of "??" for what it does not know.
  if (calls.empty()) return expected.size() == 1 && expected[0].source.ends_with(":0");
  if (calls.size() != expected.size()) return false;
  for (std::size_t depth = 0; depth < calls.size(); ++depth) {
    const bool is_inlined = depth + 1 < calls.size();
    if (is_inlined && name_of(info, calls[depth]) != expected[depth].name) return false;
    if (!same_source(info, calls[depth], expected[depth].source)) return false;
  }
  return true;
}

std::string show(const std::vector<OracleCall>& calls) {
  std::string text;
  for (const OracleCall& call : calls)
    text += call.name + " " + call.source + "; ";
  return text;
}

std::string show(const dwarf::AddressInfo& info, const std::vector<dwarf::Call>& calls) {
  std::vector<OracleCall> shown;
  for (const dwarf::Call& call : calls) {
    const std::string file = call.file == dwarf::kNone ? "??" : info.files[call.file];
    shown.push_back({name_of(info, call), file + ':' + std::to_string(call.line)});
  }
  return show(shown);
}

/// Every address has the calls that elfutils finds in `file`, with the same names and lines.
/// Returns the number of inlined ones. elfutils 0.188 errs about some lambdas and about code that
/// no unit describes, so where it differs binutils is asked, which errs elsewhere.
std::size_t compare(const elf::Image& image, const elf::Image* alternate, const std::string& file,
                    const std::vector<std::uint64_t>& addresses) {
  const dwarf::AddressInfo info = dwarf::look_up(image, alternate, addresses);
  const auto elfutils = ask("eu-addr2line", file, addresses);
  const auto binutils = ask("addr2line", file, addresses);
  BOOST_TEST(!info.gave_up);
  BOOST_REQUIRE_EQUAL(info.calls.size(), addresses.size());
  BOOST_REQUIRE_EQUAL(elfutils.size(), addresses.size());
  BOOST_REQUIRE_EQUAL(binutils.size(), addresses.size());
  std::size_t inlined = 0;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const std::vector<dwarf::Call>& calls = info.calls[i];
    BOOST_TEST((same_calls(info, calls, elfutils[i]) || same_calls(info, calls, binutils[i])),
               file << std::hex << " 0x" << addresses[i] << " is " << show(info, calls)
                    << "\n  but should be " << show(elfutils[i]));
    inlined += calls.empty() ? 0 : calls.size() - 1;
  }
  BOOST_TEST_MESSAGE(file << ": " << addresses.size() << " addresses compared, with " << inlined
                          << " inlined calls");
  return inlined;
}

std::size_t compare(const std::string& file, std::size_t count) {
  return compare(open_image(file), nullptr, file, addresses_in(file, count));
}

const std::string kPrograms = INLINES_DIRECTORY;

}  // namespace

BOOST_AUTO_TEST_SUITE(debug_info)

// C++ with inlined calls, as DWARF 4 and 5.
BOOST_AUTO_TEST_CASE(agrees_with_elfutils) {
  for (const char* const name : {"inlines_4", "inlines_5"}) {
    BOOST_TEST(compare(kPrograms + "/" + name, 4000) > 1500u, name);
  }
}

// Sections compressed in the ways of the ELF standard and of GNU before it.
BOOST_AUTO_TEST_CASE(reads_compressed_sections) {
  const TempDir directory;
  for (const char* const kind : {"zlib", "zlib-gnu"}) {
    const std::string file = directory.path(kind);
    output_of("objcopy --compress-debug-sections=" + std::string(kind) + " " + kPrograms +
              "/inlines_5 " + file);
    const auto addresses = addresses_in(file, 1000);
    BOOST_TEST(compare(open_image(file), nullptr, kPrograms + "/inlines_5", addresses) > 300u);
  }
}

// What dwz moves into a file of its own is read from there.
BOOST_AUTO_TEST_CASE(reads_shared_debug_information) {
  const TempDir directory;
  output_of("cd '" + directory.path() + "' && cp " + kPrograms + "/inlines_5 a && cp " + kPrograms +
            "/inlines_5 b && dwz -m common a b");
  const elf::Image image = open_image(directory.path("a"));
  BOOST_REQUIRE(image.section(".gnu_debugaltlink") != nullptr);
  const elf::Image common = open_image(directory.path("common"));
  const auto addresses = addresses_in(kPrograms + "/inlines_5", 1000);
  BOOST_TEST(compare(image, &common, kPrograms + "/inlines_5", addresses) > 300u);
}

// C of a distribution: the debug file of libc6-dbg, compressed and processed by dwz.
BOOST_AUTO_TEST_CASE(agrees_with_elfutils_about_libc) {
  const std::string id =
      open_image(output_of("ldconfig -p | sed -n 's/.*libc.so.6 .*x86-64.* => //p' | head -n 1 | "
                           "tr -d '\\n'"))
          .build_id();
  const std::string debug =
      "/usr/lib/debug/.build-id/" + id.substr(0, 2) + "/" + id.substr(2) + ".debug";
  BOOST_REQUIRE_MESSAGE(std::filesystem::exists(debug), debug << " is missing: libc6-dbg");
  BOOST_TEST(compare(debug, 3000) > 200u);
}

// This test itself: many units, much of the standard library.
BOOST_AUTO_TEST_CASE(agrees_with_elfutils_about_this_test) {
  BOOST_TEST(compare(std::filesystem::read_symlink("/proc/self/exe").string(), 500) > 20u);
}

// Functions without a linkage name are told with what is around them, as nm -C shows it.
BOOST_AUTO_TEST_CASE(tells_namespaces) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  std::map<std::uint64_t, std::string> expected;
  std::istringstream lines(output_of("nm -C --defined-only '" + self + "'"));
  for (std::string line; std::getline(lines, line);) {
    constexpr std::size_t kName = 19;  // after the address and the type
    if (line.size() < kName || line[17] != 't') continue;
    const std::string name = line.substr(kName, line.find('(', line.find("namespace)")) - kName);
    const bool plain =
        name.find_first_of("<[{ ", name.find("namespace)") + 10) == std::string::npos;
    if (name.starts_with("(anonymous namespace)::") && plain) {
      expected[std::strtoull(line.c_str(), nullptr, 16)] = name;
    }
  }
  std::vector<std::uint64_t> addresses;
  for (const auto& [address, name] : expected)
    addresses.push_back(address);
  const elf::Image image = open_image(self);
  const dwarf::AddressInfo info = dwarf::look_up(image, nullptr, addresses);
  BOOST_TEST(addresses.size() > 3u);
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    BOOST_REQUIRE(!info.calls[i].empty());
    const dwarf::FunctionName& name = info.names.at(info.calls[i].back().name);
    BOOST_TEST(name.within + name.text == expected[addresses[i]]);
  }
}

BOOST_AUTO_TEST_SUITE_END()
