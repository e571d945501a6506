#include <dlfcn.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>

#include "elf_fixture.hpp"
#include "symbolize/symbolizer.hpp"
#include "temp_dir.hpp"
#include "unwind_event.h"

using namespace sonde;
using namespace sonde::symbolize;
using namespace sonde::test;

namespace {

RawStack raw(std::vector<std::uint64_t> kernel, std::vector<std::uint64_t> user,
             std::int32_t pid = ::getpid(), std::vector<std::uint64_t> values = {1}) {
  return {pid, pid, "test", 100, std::move(kernel), std::move(user), std::move(values)};
}

std::vector<std::string> names(const StackProfile& profile, std::size_t stack = 0) {
  std::vector<std::string> result;
  for (const std::uint32_t frame : profile.stacks.at(stack).frames) {
    result.push_back(profile.frames.at(frame).name);
  }
  return result;
}

const Frame& frame(const StackProfile& profile, std::size_t index) {
  return profile.frames.at(profile.stacks.at(0).frames.at(index));
}

bool is_kind(const Frame& frame, FrameKind kind) {
  return frame.kind == kind;
}

using Names = std::vector<std::string>;

/// A process 1 that maps the test library from offset 0 at kBase, in a root of its own.
struct FakeProcess : TempDir {
  static constexpr std::uint64_t kBase = 0x7f0000000000;

  explicit FakeProcess(const std::string& more_maps = {}) {
    std::filesystem::copy_file(kLibrary, path("libsymbols.so"));
    struct stat status = {};
    ::stat(path("libsymbols.so").c_str(), &status);
    char line[256];
    std::snprintf(line, sizeof line,
                  "7f0000000000-7f0000010000 r-xp 00000000 %02x:%02x %lu  /libsymbols.so\n",
                  major(status.st_dev), minor(status.st_dev), status.st_ino);
    write("proc/1/maps", line + more_maps);
    write("proc/1/status",
          "Name:\tx\nUid:\t" + std::to_string(::getuid()) + "\t0\t0\t0\nNSpid:\t1\n");
  }
  StackProfile symbolize(const std::vector<RawStack>& stacks) {
    process::AddressSpaces spaces(path());
    spaces.observe(1, 50);
    return symbolizer.symbolize(stacks, spaces);
  }
  // Where the process has the byte that the file is to have at `vaddr`; the two differ in the
  // library's layout.
  static std::uint64_t at(std::uint64_t vaddr) {
    const elf::Image image = open_image(kLibrary);
    for (std::uint64_t offset = 0; offset < image.source().size(); ++offset) {
      if (image.vaddr_of(offset) == vaddr) return kBase + offset;
    }
    throw std::runtime_error("no such address in the file");
  }
  Symbolizer symbolizer{SymbolizerOptions{path()}};
};

}  // namespace

// Functions that the test looks for in itself.
extern "C" __attribute__((noinline, visibility("default"))) int sonde_test_known_function(int x) {
  asm volatile("" : "+r"(x));
  return x + 1;
}

BOOST_AUTO_TEST_SUITE(symbolizer)

// With a bound, the largest stacks are kept, and the others are one stack for each label and
// combination of details: sums are the same.
BOOST_AUTO_TEST_CASE(stacks_above_the_bound_are_added_up) {
  std::vector<RawStack> stacks;
  // One of 25 twice: 50 in all.
  for (const std::uint64_t bytes : {10u, 25u, 20u, 45u, 25u, 30u, 5u}) {
    stacks.push_back(raw({}, {bytes * 4096}, 7, {bytes, 1}));
    stacks.back().details = {std::string(bytes % 20 == 0 ? "read" : "fault")};
  }
  stacks.back().label = "syscall:read";
  SymbolizerOptions options;
  options.most_stacks = 2;
  const StackProfile profile =
      Symbolizer(std::move(options)).symbolize(stacks, process::AddressSpaces());
  BOOST_REQUIRE(profile.stacks.size() == 5u);
  BOOST_TEST(profile.stacks[0].values.at(0) == 50u);
  const auto check = [&](std::size_t index, std::vector<std::uint64_t> values, const char* detail,
                         const Names& frames) {
    const Stack& stack = profile.stacks[index];
    BOOST_TEST(stack.pid == 0);
    BOOST_TEST((stack.values == values));
    BOOST_TEST(std::get<std::string>(stack.details.at(0)) == detail);
    BOOST_TEST(names(profile, index) == frames);
  };
  BOOST_TEST(profile.stacks[1].pid == 7);
  check(2, {40, 2}, "fault", {"[other stacks]"});
  check(3, {20, 1}, "read", {"[other stacks]"});
  check(4, {5, 1}, "fault", {"syscall:read", "[other stacks]"});
}

// Our own functions, those of libc (dladdr as the judge) and of the vDSO have their names and
// modules.
BOOST_AUTO_TEST_CASE(names_this_process) {
  const auto known = reinterpret_cast<std::uint64_t>(&sonde_test_known_function);
  const auto in_libc = reinterpret_cast<std::uint64_t>(&::strtoull);
  Dl_info info = {};
  BOOST_REQUIRE(::dladdr(reinterpret_cast<void*>(in_libc), &info) != 0);
  process::AddressSpaces spaces;
  spaces.observe(::getpid(), 50);
  Symbolizer symbolizer;
  const StackProfile profile =
      symbolizer.symbolize(std::vector{raw({}, {known, in_libc + 1})}, spaces);
  BOOST_TEST(frame(profile, 0).name == "sonde_test_known_function");
  BOOST_TEST(is_kind(frame(profile, 0), FrameKind::user));
  BOOST_TEST(std::filesystem::equivalent(profile.modules.at(frame(profile, 0).module).path,
                                         "/proc/self/exe"));
  const Frame& libc = frame(profile, 1);
  BOOST_TEST(reinterpret_cast<std::uint64_t>(info.dli_saddr) == in_libc);
  BOOST_TEST(reinterpret_cast<std::uint64_t>(::dlsym(RTLD_DEFAULT, libc.name.c_str())) == in_libc);
  // The address is that of the file: independent of where the loader put it.
  BOOST_TEST(libc.address == in_libc + 1 - reinterpret_cast<std::uint64_t>(info.dli_fbase));
  BOOST_TEST(profile.modules.at(libc.module).build_id == open_image(info.dli_fname).build_id());
  BOOST_TEST(symbolizer.notices().empty());
}

// The vDSO is read from memory; its functions are those of vdso(7).
BOOST_AUTO_TEST_CASE(names_the_vdso) {
  void* const vdso = ::dlopen("linux-vdso.so.1", RTLD_LAZY | RTLD_NOLOAD);
  BOOST_REQUIRE(vdso != nullptr);
#if defined(__x86_64__)
  const char* const name = "__vdso_getcpu";
#else
  const char* const name = "__kernel_clock_gettime";
#endif
  const auto address = reinterpret_cast<std::uint64_t>(::dlsym(vdso, name));
  BOOST_REQUIRE(address != 0u);
  process::AddressSpaces spaces;
  spaces.observe(::getpid(), 50);
  Symbolizer symbolizer;
  const StackProfile profile = symbolizer.symbolize(std::vector{raw({}, {address})}, spaces);
  BOOST_TEST(profile.modules.at(frame(profile, 0).module).path == "[vdso]");
  BOOST_TEST((frame(profile, 0).name == name || frame(profile, 0).name == name + 7),
             frame(profile, 0).name);
}

// A caller is looked up before its return address: after a call that ends a function comes another
// function. A leaf is looked up where it is.
BOOST_AUTO_TEST_CASE(return_addresses_belong_to_the_call) {
  FakeProcess process;
  const NmSymbol symbol = nm_symbol(kLibrary, "_ZN12_GLOBAL__N_114local_functionEi");
  const std::uint64_t start = FakeProcess::at(symbol.address);
  const std::uint64_t end = start + symbol.size;
  const auto profile = process.symbolize({raw({}, {start, end}, 1)});
  const char* const name = "(anonymous namespace)::local_function(int)";
  BOOST_TEST(names(profile) == (Names{name, name}));
  BOOST_TEST(frame(profile, 0).address == symbol.address);
  BOOST_TEST(frame(profile, 1).address == symbol.address + symbol.size);
  BOOST_TEST(names(process.symbolize({raw({}, {end}, 1)}))[0] != name);
  BOOST_TEST(names(process.symbolize({raw({}, {start, start}, 1)}))[1] != name);
}

// Frames that name a file by its number need no mappings, so their process may be long gone.
BOOST_AUTO_TEST_CASE(names_frames_in_files) {
  const NmSymbol symbol = nm_symbol(kLibrary, "_ZN12_GLOBAL__N_114local_functionEi");
  process::FrameFiles files;
  const std::shared_ptr<const process::MappedFile> library(new process::MappedFile{
      {1, 2}, "/lib/gone.so (deleted)", UniqueFd(::open(kLibrary.c_str(), O_RDONLY | O_CLOEXEC))});
  BOOST_REQUIRE(files.add(nullptr).has_value());
  const std::uint64_t number = files.add(library).value();
  const std::uint64_t start = SONDE_FRAME_IN_FILE | number << SONDE_FRAME_FILE_SHIFT |
                              (FakeProcess::at(symbol.address) - FakeProcess::kBase);
  Symbolizer symbolizer;
  const StackProfile profile = symbolizer.symbolize(
      std::vector{raw({}, {start, start + symbol.size}, 1)}, process::AddressSpaces{}, files);
  const char* const name = "(anonymous namespace)::local_function(int)";
  BOOST_TEST(names(profile) == (Names{name, name}));
  BOOST_TEST(frame(profile, 0).address == symbol.address);
  BOOST_TEST(frame(profile, 1).address == symbol.address + symbol.size);
  BOOST_TEST(profile.modules.at(frame(profile, 0).module).path == "/lib/gone.so (deleted)");
}

// Inlined calls precede the function that they were inlined into, at its address, with the lines of
// the source; or they are left out.
BOOST_AUTO_TEST_CASE(names_inlined_calls) {
  const std::string program = std::string(INLINES_DIRECTORY) + "/inlines_5";
  const elf::Image image = open_image(program);
  std::optional<NmSymbol> spin;
  for (const NmSymbol& symbol : nm_functions(program)) {
    if (symbol.name.starts_with("_Z11spin_wheels")) spin = symbol;
  }
  BOOST_REQUIRE(spin.has_value());
  process::FrameFiles files;
  const std::shared_ptr<const process::MappedFile> mapped(new process::MappedFile{
      {1, 2}, "/bin/wheels", UniqueFd(::open(program.c_str(), O_RDONLY | O_CLOEXEC))});
  const std::uint64_t number = files.add(mapped).value();
  std::vector<RawStack> stacks;
  for (std::uint64_t at = spin->address; at < spin->address + spin->size; at += 4) {
    stacks.push_back(raw({}, {SONDE_FRAME_IN_FILE | number << SONDE_FRAME_FILE_SHIFT |
                              image.offset_of(at).value()}));
  }
  std::size_t deepest = 0;
  const StackProfile profile = Symbolizer().symbolize(stacks, process::AddressSpaces{}, files);
  for (const Stack& stack : profile.stacks) {
    const Frame& function = profile.frames.at(stack.frames.back());
    BOOST_TEST(is_kind(function, FrameKind::user));
    BOOST_TEST(function.name.starts_with("spin_wheels("));
    BOOST_TEST(profile.files.at(function.file).ends_with("/inlines.cpp"));
    deepest = std::max(deepest, stack.frames.size());
    for (std::size_t i = 0; i + 1 < stack.frames.size(); ++i) {
      const Frame& call = profile.frames.at(stack.frames[i]);
      BOOST_TEST(is_kind(call, FrameKind::inlined));
      BOOST_TEST(call.address == function.address);
      BOOST_TEST(call.line > 0u);
    }
  }
  BOOST_TEST(deepest == 4u);  // innermost, turn, turn_all, spin_wheels

  Symbolizer plain(SymbolizerOptions{.inlined_calls = false});
  for (const Frame& frame : plain.symbolize(stacks, process::AddressSpaces{}, files).frames) {
    BOOST_TEST(is_kind(frame, FrameKind::user));
    BOOST_TEST(frame.file == kNoFile);
  }
}

// Kernel frames come first, leaf first, from the kallsyms of the root; unknown ones show their
// address.
BOOST_AUTO_TEST_CASE(names_the_kernel) {
  FakeProcess process;
  process.write(
      "proc/kallsyms",
      "ffffffff81000000 T entry\nffffffff81000100 t callee\nffffffffc0000000 t m_f\t[m]\n");
  const auto profile = process.symbolize(
      {raw({0xffffffff81000104, 0xffffffff81000100, 0xffffffffc0000010, 0xffffffffd0000000}, {0x10},
           1)});
  BOOST_TEST(names(profile) ==
             (Names{"callee", "entry", "m_f", "[kernel+0xffffffffd0000000]", "[unknown+0x10]"}));
  BOOST_TEST(is_kind(frame(profile, 0), FrameKind::kernel));
  BOOST_TEST(profile.modules.at(frame(profile, 0).module).path == "[kernel]");
  BOOST_TEST(profile.modules.at(frame(profile, 2).module).path == "[m]");
  BOOST_TEST(frame(profile, 1).address == 0xffffffff81000100u);
}

// Hidden kernel addresses are told once, and the frames keep their addresses.
BOOST_AUTO_TEST_CASE(tells_that_the_kernel_hides_addresses) {
  FakeProcess process;
  process.write("proc/kallsyms", "0000000000000000 T entry\n");
  const auto profile = process.symbolize({raw({0xffffffff81000104}, {}, 1)});
  BOOST_TEST(names(profile) == Names{"[kernel+0xffffffff81000104]"});
  BOOST_REQUIRE_EQUAL(process.symbolizer.notices().size(), 1u);
  BOOST_TEST(process.symbolizer.notices()[0].find("CAP_SYSLOG") != std::string::npos);
}

// Known file without a symbol, memory without a file, and no mapping at all: each says what it can.
BOOST_AUTO_TEST_CASE(names_what_has_no_symbol) {
  FakeProcess process("7f1000000000-7f1000001000 r-xp 00000000 00:00 0 \n");
  const auto profile =
      process.symbolize({raw({}, {FakeProcess::kBase + 4, 0x7f1000000010, 0x7f2000000020}, 1)});
  BOOST_TEST(names(profile) ==
             (Names{"[libsymbols.so+0x4]", "[anon+0x7f1000000010]", "[unknown+0x7f2000000020]"}));
  for (std::size_t i = 0; i < 3; ++i)
    BOOST_TEST(is_kind(frame(profile, i), FrameKind::unknown));
  BOOST_TEST(profile.modules.at(frame(profile, 0).module).path == "/libsymbols.so");
  BOOST_TEST(frame(profile, 1).module == kNoModule);
}

// JIT code is named by the perf map, also by lines written after the process was first seen.
BOOST_AUTO_TEST_CASE(names_jit_code) {
  FakeProcess process("7f1000000000-7f1000001000 r-xp 00000000 00:00 0 \n");
  process.write("proc/1/root/tmp/perf-1.map",
                "7f1000000000 20 LazyCompile:~run app.js:1\nrubbish\n");
  process::AddressSpaces spaces(process.path());
  spaces.observe(1, 50);
  std::ofstream(process.path("proc/1/root/tmp/perf-1.map"), std::ios::app)
      << "7f1000000020 20 later\n";
  const auto profile = process.symbolizer.symbolize(
      std::vector{raw({}, {0x7f1000000010, 0x7f1000000030}, 1)}, spaces);
  BOOST_TEST(names(profile) == (Names{"LazyCompile:~run app.js:1", "later"}));
  BOOST_TEST(is_kind(frame(profile, 0), FrameKind::jit));
  BOOST_REQUIRE_EQUAL(process.symbolizer.notices().size(), 1u);
  BOOST_TEST(process.symbolizer.notices()[0].find("perf map of process 1 has 1 line") !=
             std::string::npos);
}

// A file that cannot be opened leaves addresses and a notice; a deleted one keeps its mark in the
// module only.
BOOST_AUTO_TEST_CASE(tells_what_it_could_not_open) {
  FakeProcess process(
      "7f1000000000-7f1000001000 r-xp 00002000 08:01 99  /gone/libgone.so (deleted)\n");
  const auto profile = process.symbolize({raw({}, {0x7f1000000010}, 1)});
  BOOST_TEST(names(profile) == Names{"[libgone.so+0x2010]"});
  BOOST_TEST(profile.modules.at(0).path == "/gone/libgone.so (deleted)");
  BOOST_REQUIRE_EQUAL(process.symbolizer.notices().size(), 1u);
  BOOST_TEST(process.symbolizer.notices()[0].find("/gone/libgone.so") != std::string::npos);
}

// Stacks that the kernel kept apart but that are the same are one; asking again gives the same from
// the cache.
BOOST_AUTO_TEST_CASE(merges_and_repeats) {
  FakeProcess process;
  const std::uint64_t start = FakeProcess::at(nm_symbol(kLibrary, "imported_function").address);
  RawStack later = raw({}, {start, start + 8}, 1, {5, 50});
  later.time_ns = 200;
  const std::vector<RawStack> stacks = {raw({}, {start, start + 8}, 1, {2, 20}), later,
                                        raw({}, {start + 1, start + 8}, 1, {10, 100})};
  const auto first = process.symbolize(stacks);
  BOOST_REQUIRE_EQUAL(first.stacks.size(), 2u);
  BOOST_TEST(first.stacks[0].values == (std::vector<std::uint64_t>{10, 100}));
  BOOST_TEST(first.stacks[1].values == (std::vector<std::uint64_t>{7, 70}));
}

// A name that was found once is not looked for again: it is still known when the file's names have
// been wiped.
BOOST_AUTO_TEST_CASE(remembers_names) {
  FakeProcess process;
  const std::vector<RawStack> stacks = {
      raw({}, {FakeProcess::at(nm_symbol(kLibrary, "unsized_function").address)}, 1)};
  BOOST_TEST(names(process.symbolize(stacks)) == Names{"unsized_function"});
  {
    const elf::Image image = open_image(kLibrary);
    std::fstream file(process.path("libsymbols.so"),
                      std::ios::in | std::ios::out | std::ios::binary);
    for (const elf::Section& section : image.sections()) {
      if (section.header.sh_type != SHT_STRTAB || section.name == ".shstrtab") continue;
      file.seekp(static_cast<std::streamoff>(section.header.sh_offset));
      file << std::string(static_cast<std::size_t>(section.header.sh_size), '?');
    }
  }
  BOOST_TEST(names(process.symbolize(stacks)) == Names{"unsized_function"});
  process.symbolizer = Symbolizer(SymbolizerOptions{process.path()});
  BOOST_TEST(names(process.symbolize(stacks)) != Names{"unsized_function"});
}

// Nothing in, nothing out.
BOOST_AUTO_TEST_CASE(empty_input) {
  process::AddressSpaces spaces;
  Symbolizer symbolizer;
  BOOST_TEST(symbolizer.symbolize({}, spaces).stacks.empty());
  const auto profile = symbolizer.symbolize(std::vector{raw({}, {})}, spaces);
  BOOST_REQUIRE_EQUAL(profile.stacks.size(), 1u);
  BOOST_TEST(profile.stacks[0].frames.empty());
}

BOOST_AUTO_TEST_SUITE_END()
