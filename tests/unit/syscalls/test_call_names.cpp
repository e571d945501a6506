#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <fstream>
#include <regex>
#include <string>

#include "syscall_event.h"
#include "syscalls/call_names.hpp"

using namespace sonde::syscalls;

namespace {

// The numbers of the C library's kernel headers, which come from the same kernel tables by another
// way. They may be older than our table, never different.
std::size_t compare_with_header(const std::string& file, std::uint8_t abi) {
  std::ifstream header(file);
  const std::regex definition(R"(#define __NR_(\w+)\s+(\d+))");
  std::size_t compared = 0;
  for (std::string line; std::getline(header, line);) {
    std::smatch found;
    if (!std::regex_search(line, found, definition)) continue;
    const auto number = call_number(abi, found[1].str());
    BOOST_TEST_REQUIRE(number.has_value(), found[1].str());
    BOOST_TEST(std::to_string(*number) == found[2].str(), found[1].str());
    ++compared;
  }
  return compared;
}

}  // namespace

#ifdef __x86_64__
// Every call of the headers is in the table, with its number.
BOOST_AUTO_TEST_CASE(tables_are_complete) {
  const std::string folder = "/usr/include/x86_64-linux-gnu/asm/";
  BOOST_TEST(compare_with_header(folder + "unistd_64.h", SONDE_ABI_NATIVE) > 300u);
  BOOST_TEST(compare_with_header(folder + "unistd_32.h", SONDE_ABI_COMPAT) > 400u);
}

// One number means different calls to a 64-bit and to a 32-bit program.
BOOST_AUTO_TEST_CASE(abis_differ) {
  BOOST_TEST(call_name({SONDE_ABI_NATIVE, 39}) == "getpid");
  BOOST_TEST(call_name({SONDE_ABI_COMPAT, 39}) == "i386:mkdir");
}
#endif

// A number without a name is named by its number, whatever it is.
BOOST_AUTO_TEST_CASE(unknown_numbers) {
  BOOST_TEST(call_name({SONDE_ABI_NATIVE, 9999}) == "syscall_9999");
  BOOST_TEST(call_name({SONDE_ABI_NATIVE, UINT32_MAX}) == "syscall_4294967295");
  BOOST_TEST(call_name({SONDE_ABI_URING, 200}) == "io_uring:operation_200");
  BOOST_TEST(!call_number(SONDE_ABI_NATIVE, "").has_value());
}

// Opcodes of enum io_uring_op.
BOOST_AUTO_TEST_CASE(uring_operations) {
  BOOST_TEST(call_name({SONDE_ABI_URING, 0}) == "io_uring:nop");
  BOOST_TEST(call_name({SONDE_ABI_URING, 22}) == "io_uring:read");
  BOOST_TEST(call_number(SONDE_ABI_URING, "openat").value() == 18u);
}
