// The sites chosen in real libraries, against objdump's view of them.
#include <array>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "command.hpp"
#include "elf_files.hpp"
#include "probe/site.hpp"

namespace {

using namespace sonde;

struct Line {
  std::string mnemonic;
  std::string operands;
};

struct Listing {
  std::map<std::uint64_t, Line> lines;
  std::set<std::uint64_t> targets;
};

bool is_transfer(const std::string& mnemonic) {
  return mnemonic.starts_with("j") || mnemonic.starts_with("call") || mnemonic.starts_with("ret") ||
         mnemonic == "hlt" || mnemonic == "ud2";
}

// "  29d60:<tab>push   %r12" and "  29d62:<tab>jmp    29d00 <free+0x10>".
Listing disassemble(const std::string& library) {
  static const std::set<std::string> prefixes = {"bnd", "notrack", "rep", "repz", "lock", "data16"};
  Listing listing;
  std::istringstream lines(test::output_of("objdump -d --no-show-raw-insn " + library));
  std::string text;
  while (std::getline(lines, text)) {
    const std::size_t tab = text.find(":\t");
    if (tab == std::string::npos) continue;
    const std::uint64_t address = std::strtoull(text.c_str(), nullptr, 16);
    std::istringstream words(text.substr(tab + 2));
    Line line;
    words >> line.mnemonic;
    while (prefixes.contains(line.mnemonic) && words >> line.mnemonic) {
    }
    std::getline(words >> std::ws, line.operands);
    line.operands = line.operands.substr(0, line.operands.find_first_of("#<"));
    while (!line.operands.empty() && line.operands.back() == ' ')
      line.operands.pop_back();
    if (is_transfer(line.mnemonic) && !line.operands.empty() && line.operands.front() != '*')
      listing.targets.insert(std::strtoull(line.operands.c_str(), nullptr, 16));
    listing.lines.emplace(address, line);
  }
  return listing;
}

bool is_emulated(const Line& line) {
  if (line.mnemonic == "push") return line.operands.starts_with("%r");
  if (line.mnemonic == "nop") return line.operands.empty();
  const bool direct = !line.operands.empty() && line.operands.front() != '*';
  return direct && (line.mnemonic.starts_with("j") || line.mnemonic == "call");
}

std::string destination(const Line& line) {
  for (const char* reads_only : {"cmp", "test", "push", "nop", "endbr", "bt"}) {
    if (line.mnemonic.starts_with(reads_only)) return {};
  }
  const std::size_t last = line.operands.rfind('%');
  const std::size_t comma = line.operands.rfind(',');
  if (last == std::string::npos || (comma != std::string::npos && last < comma)) return {};
  return line.operands.ends_with(')') ? std::string() : line.operands.substr(last + 1);
}

bool is_argument(const std::string& name) {
  static const std::set<std::string> names = {
      "rdi", "edi", "di", "dil", "rsi", "esi", "si",  "sil", "rdx", "edx", "dx",  "dl",  "dh",
      "rcx", "ecx", "cx", "cl",  "ch",  "r8",  "r8d", "r8w", "r8b", "r9",  "r9d", "r9w", "r9b"};
  return names.contains(name);
}

std::string path_of(const std::string& library) {
  std::string path = test::output_of("ldconfig -p | awk '/ " + library + " .*x86-64/ || /\\t" +
                                     library + " .*x86-64/ {print $NF; exit}'");
  if (!path.empty()) path.pop_back();
  return path;
}

void check_site(const Listing& listing, const probe::Function& function, const probe::Site& site,
                bool return_probe) {
  BOOST_TEST_REQUIRE(listing.lines.contains(site.address));
  BOOST_TEST(is_emulated(listing.lines.at(site.address)) == site.emulated());
  if (site.from_entry == 0) return;
  const auto jump = listing.targets.upper_bound(function.address);
  BOOST_TEST((jump == listing.targets.end() || *jump > site.address));
  for (auto line = listing.lines.find(function.address); line->first < site.address; ++line) {
    BOOST_TEST_CONTEXT(line->second.mnemonic << ' ' << line->second.operands) {
      BOOST_TEST(!is_transfer(line->second.mnemonic));
      BOOST_TEST(!is_argument(destination(line->second)));
      BOOST_TEST(!is_emulated(line->second));
      if (return_probe) BOOST_TEST(destination(line->second) != "rsp");
    }
  }
}

// Every `step`-th function that the library exports. Gives the share with an emulated site.
double check_library(const std::string& name, std::size_t step) {
  const std::string path = path_of(name);
  BOOST_TEST_REQUIRE(!path.empty(), name << " is not installed");
  const Listing listing = disassemble(path);
  const elf::Image image = test::open_image(path);
  const auto functions = probe::find_functions(image, [](std::string_view) { return true; });
  BOOST_TEST_REQUIRE(functions.size() >= 20u);
  std::size_t checked = 0;
  std::size_t emulated = 0;
  for (std::size_t i = 0; i < functions.size(); i += step) {
    for (const bool return_probe : {false, true}) {
      BOOST_TEST_CONTEXT(functions[i].name << " return_probe=" << return_probe) {
        const auto site = probe::find_site(image, functions[i], {6, return_probe});
        BOOST_TEST_REQUIRE(site.has_value());
        check_site(listing, functions[i], *site, return_probe);
        if (!return_probe) emulated += site->emulated();
      }
    }
    ++checked;
  }
  return static_cast<double>(emulated) / static_cast<double>(checked);
}

}  // namespace

// In libraries that programs use, sites lie on instructions that objdump sees, are what the kernel
// emulates, are reached by no jump, and come before arguments or rsp change. Between a third and
// all of the functions have one.
BOOST_AUTO_TEST_CASE(real_libraries) {
  BOOST_TEST(check_library("libc.so.6", 5) > 0.33);
  BOOST_TEST(check_library("libjemalloc.so.2", 1) > 0.33);
  BOOST_TEST(check_library("libssl.so.3", 3) > 0.33);
}

// Functions are found at the addresses that nm gives.
BOOST_AUTO_TEST_CASE(addresses) {
  const std::string path = path_of("libc.so.6");
  const elf::Image image = test::open_image(path);
  for (const std::string name : {"malloc", "free", "realloc", "posix_memalign"}) {
    const auto found =
        probe::find_functions(image, [&](std::string_view each) { return each == name; });
    const std::string expected = test::output_of("nm -D --defined-only " + path +
                                                 " | awk '$3 ~ /^" + name + "@/ {print $1; exit}'");
    BOOST_TEST_REQUIRE(found.size() == 1u, name);
    BOOST_TEST(found.front().address == std::strtoull(expected.c_str(), nullptr, 16), name);
    BOOST_TEST(found.front().size > 0u);
  }
}
