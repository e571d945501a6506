// Allocators found in real libraries, against what nm lists.
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>

#include "command.hpp"
#include "elf_files.hpp"
#include "probe/allocator.hpp"

namespace {

using namespace sonde;
using probe::AllocatorCall;

std::string path_of(const std::string& library) {
  std::string path = test::output_of("ldconfig -p | awk '/ " + library + " .*x86-64/ || /\\t" +
                                     library + " .*x86-64/ {print $NF; exit}'");
  if (!path.empty()) path.pop_back();
  BOOST_TEST_REQUIRE(!path.empty(), library << " is not installed");
  return path;
}

std::map<std::string, AllocatorCall> calls_of(const probe::Allocator& allocator) {
  std::map<std::string, AllocatorCall> calls;
  for (const auto& each : allocator.functions)
    calls.emplace(each.function.name, each.call);
  return calls;
}

// name → address, as nm -D gives them.
std::map<std::string, std::uint64_t> listed(const std::string& path) {
  std::map<std::string, std::uint64_t> symbols;
  std::istringstream lines(test::output_of("nm -D --defined-only " + path));
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string address, kind, name;
    words >> address >> kind >> name;
    symbols.emplace(name.substr(0, name.find('@')), std::strtoull(address.c_str(), nullptr, 16));
  }
  return symbols;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(allocator)

// What a name means, with and without the prefixes that allocators are built with.
BOOST_AUTO_TEST_CASE(names) {
  const auto is = [](const char* name, AllocatorCall call) {
    const AllocatorCall* const found = probe::allocator_call(name);
    return found != nullptr && *found == call;
  };
  BOOST_TEST(is("malloc", AllocatorCall::size));
  BOOST_TEST(is("je_malloc", AllocatorCall::size));
  BOOST_TEST(is("mi_zalloc", AllocatorCall::size));
  BOOST_TEST(is("tc_deletearray_sized", AllocatorCall::release));
  BOOST_TEST(is("__libc_memalign", AllocatorCall::aligned));
  BOOST_TEST(is("posix_memalign", AllocatorCall::store));
  BOOST_TEST(is("reallocarray", AllocatorCall::resize_product));
  BOOST_TEST(is("_Znwm", AllocatorCall::size));
  BOOST_TEST(is("_ZnamSt11align_val_tRKSt9nothrow_t", AllocatorCall::size));
  BOOST_TEST(is("_ZdlPvmSt11align_val_t", AllocatorCall::release));
  for (const char* other : {"_ZnwmPv", "_ZdlPvS_", "xmalloc", "mi_heap_malloc", "je_", "", "new",
                            "malloc_trim", "zalloc"})
    BOOST_TEST(probe::allocator_call(other) == nullptr, other);
}

// The C library has all of them, at the addresses that nm gives, and in one stretch of code.
BOOST_AUTO_TEST_CASE(c_library) {
  const std::string path = path_of("libc.so.6");
  const auto found = probe::find_allocator(test::open_image(path));
  const auto calls = calls_of(found);
  const auto symbols = listed(path);
  for (const char* name : {"malloc", "calloc", "realloc", "reallocarray", "posix_memalign",
                           "valloc", "pvalloc", "free"})
    BOOST_TEST(calls.contains(name), name);
  BOOST_TEST((calls.contains("aligned_alloc") || calls.contains("memalign")));
  BOOST_TEST(!calls.contains("__libc_malloc"));
  for (const auto& each : found.functions) {
    BOOST_TEST(each.function.address == symbols.at(each.function.name));
    BOOST_TEST(each.function.address >= found.code_start);
    BOOST_TEST(each.function.address + each.function.size <= found.code_end);
  }
}

// So have those that replace it, with operators of their own; none is counted under two names.
BOOST_AUTO_TEST_CASE(replacements) {
  for (const std::string library :
       {"libjemalloc.so.2", "libtcmalloc_minimal.so.4", "libmimalloc.so.2"}) {
    const std::string path = path_of(library);
    const auto found = probe::find_allocator(test::open_image(path));
    const auto calls = calls_of(found);
    BOOST_TEST_CONTEXT(library) {
      for (const char* name : {"malloc", "calloc", "realloc", "posix_memalign", "free"})
        BOOST_TEST(calls.contains(name), name);
      std::map<std::uint64_t, int> times;
      for (const auto& each : found.functions)
        BOOST_TEST(++times[each.function.address] == 1);
    }
  }
}

// The C++ library's operators call malloc, which is probed where it is.
BOOST_AUTO_TEST_CASE(not_an_allocator) {
  BOOST_TEST(probe::find_allocator(test::open_image(path_of("libstdc...so.6"))).functions.empty());
  BOOST_TEST(probe::find_allocator(test::open_image("/bin/true")).functions.empty());
}

BOOST_AUTO_TEST_SUITE_END()
