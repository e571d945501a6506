#include <boost/test/unit_test.hpp>

#include "syscalls/call_names.hpp"
#include "syscalls/call_readers.hpp"
#include "syscalls/signatures.hpp"

using namespace sonde::syscalls;

// What is said of a call drives what the kernel reads: a path at the begin, a buffer that the call
// fills at the end, as long as the result.
BOOST_AUTO_TEST_CASE(readers_follow_signatures) {
  const auto readers = call_readers(SONDE_ABI_NATIVE, 100);
  BOOST_TEST_REQUIRE(readers.size() == std::size_t{SONDE_CALL_NUMBERS});
  const auto& openat = readers[call_number(SONDE_ABI_NATIVE, "openat").value()];
  BOOST_TEST(openat.begin == 0b10);
  BOOST_TEST(openat.end == 0);
  BOOST_TEST(openat.arguments[1].how == SONDE_READ_STRING);
  const auto& read = readers[call_number(SONDE_ABI_NATIVE, "read").value()];
  BOOST_TEST(read.begin == 0);
  BOOST_TEST(read.end == 0b10);
  BOOST_TEST(read.arguments[1].counter == SONDE_COUNTER_RESULT);
  BOOST_TEST(read.arguments[1].size == 100);
  const auto& write = readers[call_number(SONDE_ABI_NATIVE, "write").value()];
  BOOST_TEST(write.begin == 0b10);
  BOOST_TEST(write.arguments[1].counter == 2);
  const auto& getpid = readers[call_number(SONDE_ABI_NATIVE, "getpid").value()];
  BOOST_TEST((getpid.begin | getpid.end) == 0);
}

// A 32-bit program's structs have another layout: they are not read.
BOOST_AUTO_TEST_CASE(compat_structs_are_not_read) {
  const auto native = call_readers(SONDE_ABI_NATIVE, 32);
  const auto compat = call_readers(SONDE_ABI_COMPAT, 32);
  BOOST_TEST(native[call_number(SONDE_ABI_NATIVE, "nanosleep").value()].begin != 0);
  BOOST_TEST(compat[call_number(SONDE_ABI_COMPAT, "nanosleep").value()].begin == 0);
  BOOST_TEST(compat[call_number(SONDE_ABI_COMPAT, "open").value()].begin != 0);
}

// Nothing reads past the end of the largest piece.
BOOST_AUTO_TEST_CASE(sizes_are_bounded) {
  for (const auto& call : call_readers(SONDE_ABI_NATIVE, 4096)) {
    for (const auto& reader : call.arguments)
      BOOST_TEST(reader.size <= 4096);
  }
}
