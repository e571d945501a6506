#include <dlfcn.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include "command.hpp"
#include "elf_fixture.hpp"
#include "symbolize/debug_file.hpp"
#include "symbolize/elf_symbols.hpp"
#include "temp_dir.hpp"

using namespace sonde;
using namespace sonde::test;

namespace {

// Every name that nm has for an address range, since aliases share it.
using NamesOfRange = std::map<std::pair<std::uint64_t, std::uint64_t>, std::set<std::string>>;

NamesOfRange ranges(const std::string& file, const std::string& options) {
  NamesOfRange by_range;
  for (const NmSymbol& s : nm_functions(file, options)) {
    by_range[{s.address, s.size}].insert(s.name.substr(0, s.name.find('@')));
  }
  return by_range;
}

// Asks for the first, a middle and the last byte of every function and compares with nm.
void compare_with_nm(const std::string& file, const std::string& options) {
  const NamesOfRange expected = ranges(file, options);
  std::set<std::uint64_t> unique;
  for (const auto& [range, names] : expected) {
    const auto [address, size] = range;
    unique.insert({address, address + size / 2, address + size - 1});
  }
  const std::vector<std::uint64_t> wanted(unique.begin(), unique.end());
  const auto names = names_in(open_image(file), file, "/nonexistent", wanted);
  BOOST_REQUIRE_EQUAL(names.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    bool named_by_nm = false;
    for (const auto& [range, known] : expected) {
      if (wanted[i] < range.first || wanted[i] >= range.first + range.second) continue;
      named_by_nm |= known.contains(names[i]);
    }
    BOOST_TEST(named_by_nm, file << " " << std::hex << wanted[i] << " is '" << names[i] << "'");
  }
}

void run(const std::string& command) {
  output_of(command);
}

constexpr const char* kLocal = "(anonymous namespace)::local_function(int)";
constexpr const char* kMangledLocal = "_ZN12_GLOBAL__N_114local_functionEi";

/// The library, stripped, and its separate debug file, in a directory of their own.
struct Stripped : TempDir {
  explicit Stripped(const std::string& strip_options = "--strip-all") {
    run("objcopy --only-keep-debug '" + kLibrary + "' '" + debug + "'");
    run("objcopy " + strip_options + " '" + kLibrary + "' '" + file + "'");
  }
  // Puts the link in, and the debug file at `where` below this directory.
  void link(const std::string& where) const {
    run("cd '" + path() + "' && objcopy --add-gnu-debuglink=libsymbols.debug libsymbols.so");
    const std::string target = path(where + "/libsymbols.debug");
    std::filesystem::create_directories(std::filesystem::path(target).parent_path());
    if (target != debug) std::filesystem::rename(debug, target);
  }
  std::string file = path("libsymbols.so");
  std::string debug = path("libsymbols.debug");
  std::uint64_t local = nm_symbol(kLibrary, kMangledLocal).address;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(elf_symbols)

// Every function of the test library has the name that nm -C gives it.
BOOST_AUTO_TEST_CASE(agrees_with_nm) {
  compare_with_nm(kLibrary, "-C");
}

// Every exported function of the C library has a name that nm -D gives it: a stripped file of
// thousands of aliases.
BOOST_AUTO_TEST_CASE(agrees_with_nm_for_libc) {
  Dl_info libc = {};
  BOOST_REQUIRE(::dladdr(reinterpret_cast<const void*>(&::strtoull), &libc) != 0);
  compare_with_nm(libc.dli_fname, "-D");
}

// Of the aliases of one function the plain exported name is shown.
BOOST_AUTO_TEST_CASE(aliases) {
  const NmSymbol symbol = nm_symbol(kLibrary, "exported_function");
  BOOST_TEST(nm_symbol(kLibrary, "__hidden_style_alias").address == symbol.address);
  BOOST_TEST(name_in(kLibrary, symbol.address) == "weak_alias");  // shorter
}

// Assembly without sizes is named up to the next label, and to the end of its section.
BOOST_AUTO_TEST_CASE(unsized_symbols) {
  const std::uint64_t address = nm_symbol(kLibrary, "unsized_function").address;
  BOOST_TEST(nm_symbol(kLibrary, "unsized_function").size == 0u);
  BOOST_TEST(name_in(kLibrary, address + 63) == "unsized_function");
  BOOST_TEST(name_in(kLibrary, address + 64) == "unsized_label");
}

// A label in data, or an address outside every section, names no code.
BOOST_AUTO_TEST_CASE(unknown_addresses) {
  BOOST_TEST(name_in(kLibrary, nm_symbol(kLibrary, "data_label").address + 8) == "");
  BOOST_TEST(name_in(kLibrary, 0) == "");
  BOOST_TEST(name_in(kLibrary, 0x10000000) == "");
  BOOST_TEST(name_in(kLibrary, UINT64_MAX) == "");
}

// A stripped file still has its exported functions; its local ones get no wrong name.
BOOST_AUTO_TEST_CASE(stripped_file) {
  const Stripped stripped;
  const std::uint64_t exported = nm_symbol(kLibrary, "exported_function").address;
  BOOST_TEST(name_in(stripped.file, exported) == "weak_alias");
  BOOST_TEST(name_in(stripped.file, stripped.local) == "");
}

// Distributions file debug files under their build-id.
BOOST_AUTO_TEST_CASE(debug_file_by_build_id) {
  const Stripped stripped;
  const std::string id = open_image(kLibrary).build_id();
  const TempDir root;
  const std::string directory = root.path("usr/lib/debug/.build-id/" + id.substr(0, 2));
  std::filesystem::create_directories(directory);
  std::filesystem::copy_file(stripped.debug, directory + "/" + id.substr(2) + ".debug");
  BOOST_TEST(name_in(stripped.file, stripped.local, root.path()) == kLocal);
}

// A debug link is followed to the three places that GDB's manual lists.
BOOST_AUTO_TEST_CASE(debug_file_by_link) {
  for (const std::string& place : {std::string("."), std::string(".debug")}) {
    const Stripped stripped;
    stripped.link(place);
    BOOST_TEST(name_in(stripped.file, stripped.local, "") == kLocal, place);
  }
  const Stripped stripped;
  stripped.link("usr/lib/debug");
  const auto image = open_image(stripped.file);
  const std::array wanted = {stripped.local};
  // In the traced process's view the file is /libsymbols.so.
  BOOST_TEST(names_in(image, "/libsymbols.so", stripped.path(), wanted).front() == kLocal);
}

// Without build-ids the checksum in the link decides; a debug file of another build is refused
// either way.
BOOST_AUTO_TEST_CASE(debug_file_must_fit) {
  const Stripped without_id("--strip-all --remove-section=.note.gnu.build-id");
  without_id.link(".");
  BOOST_REQUIRE(open_image(without_id.file).build_id().empty());
  BOOST_TEST(name_in(without_id.file, without_id.local, "") == kLocal);
  std::filesystem::resize_file(without_id.debug, std::filesystem::file_size(without_id.debug) + 1);
  BOOST_TEST(name_in(without_id.file, without_id.local, "") == "");

  const Stripped stripped;
  stripped.link(".");
  run("cd '" + stripped.path() +
      "' && printf '\\4\\0\\0\\0\\4\\0\\0\\0\\3\\0\\0\\0GNU\\0abcd' > id && "
      "objcopy --update-section .note.gnu.build-id=id libsymbols.debug");
  BOOST_REQUIRE_EQUAL(open_image(stripped.debug).build_id(), "61626364");
  BOOST_TEST(name_in(stripped.file, stripped.local, "") == "");
}

// Fedora and others keep the local functions of stripped files in a compressed section.
BOOST_AUTO_TEST_CASE(mini_debuginfo) {
  const Stripped stripped;
  run("cd '" + stripped.path() +
      "' && xz -k -c libsymbols.debug > mini.xz && "
      "objcopy --add-section .gnu_debugdata=mini.xz libsymbols.so");
  BOOST_TEST(name_in(stripped.file, stripped.local) == kLocal);
  const std::uint64_t exported = nm_symbol(kLibrary, "exported_function").address;
  BOOST_TEST(name_in(stripped.file, exported) == "weak_alias");
}

// A compressed section that is damaged or expands to gigabytes is left alone; the other symbols
// serve.
BOOST_AUTO_TEST_CASE(hostile_mini_debuginfo) {
  for (const char* make : {"head -c 1000000000 /dev/zero | xz -0 -c", "echo not xz",
                           "xz -c libsymbols.debug | head -c 200"}) {
    const Stripped stripped;
    run("cd '" + stripped.path() + "' && { " + make +
        "; } > mini.xz && objcopy --add-section .gnu_debugdata=mini.xz libsymbols.so");
    BOOST_TEST(!symbolize::open_mini_debuginfo(open_image(stripped.file)).has_value());
    BOOST_TEST(name_in(stripped.file, stripped.local) == "");
  }
}

#ifdef __x86_64__
// Calls through the procedure linkage table are named as objdump names them.
BOOST_AUTO_TEST_CASE(plt_stubs) {
  // "0000000000001020 <imported_function@plt>:"
  std::istringstream lines(output_of("objdump -d '" + kLibrary + "' | grep '@plt>:$'"));
  std::size_t stubs = 0;
  for (std::string line; std::getline(lines, line); ++stubs) {
    const std::uint64_t address = std::stoull(line, nullptr, 16);
    const std::size_t open = line.find('<');
    const std::string expected = line.substr(open + 1, line.find('>') - open - 1);
    BOOST_TEST(name_in(kLibrary, address) == expected);
    BOOST_TEST(name_in(kLibrary, address + 6) == expected);
  }
  BOOST_TEST(stubs >= 1u);
}
#endif

// Files of 32 bit are read as those of 64.
BOOST_AUTO_TEST_CASE(files_of_32_bit) {
  const TempDir directory;
  const std::string file = directory.path("x32.so");
  const std::string flags = "-m32 -shared -nostdlib -fPIC -x c -o '" + file + "' -";
  if (std::system(("echo 'int f32(void) { return 1; }' | cc " + flags + " 2>/dev/null").c_str()) !=
      0) {
    BOOST_TEST_MESSAGE("skipped: the compiler cannot build for 32 bit");
    return;
  }
  const NmSymbol symbol = nm_symbol(file, "f32");
  BOOST_TEST(!open_image(file).is_64_bit());
  BOOST_TEST(name_in(file, symbol.address) == "f32");
  BOOST_TEST(name_in(file, symbol.address + symbol.size - 1) == "f32");
}

BOOST_AUTO_TEST_SUITE_END()
