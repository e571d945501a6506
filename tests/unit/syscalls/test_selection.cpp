#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "syscalls/call_names.hpp"
#include "syscalls/classes.hpp"
#include "syscalls/selection.hpp"

using namespace sonde::syscalls;

namespace {

bool selects(const Selection& selection, std::string_view name,
             std::uint8_t abi = SONDE_ABI_NATIVE) {
  return selection.has(abi, call_number(abi, name).value());
}

Selection parse(std::vector<std::string> expressions) {
  return parse_selection(expressions).value();
}

std::string message_of(std::vector<std::string> expressions) {
  const auto parsed = parse_selection(expressions);
  return parsed ? std::string() : parsed.error().message();
}

}  // namespace

// Without an expression everything is wanted, numbers without a name too.
BOOST_AUTO_TEST_CASE(nothing_is_everything) {
  const Selection all = parse({});
  BOOST_TEST(all.everything);
  BOOST_TEST(all.has(SONDE_ABI_NATIVE, 9999));
}

// Names select both the native and the 32-bit call, and nothing else.
BOOST_AUTO_TEST_CASE(names) {
  const Selection some = parse({"openat,read", "close"});
  BOOST_TEST(selects(some, "openat"));
  BOOST_TEST(selects(some, "read"));
  BOOST_TEST(selects(some, "close"));
  BOOST_TEST(selects(some, "openat", SONDE_ABI_COMPAT));
  BOOST_TEST(!selects(some, "write"));
  BOOST_TEST(!some.has(SONDE_ABI_NATIVE, 9999));
  BOOST_TEST(!selects(some, "read", SONDE_ABI_URING));
}

// A '!' takes its whole list away from everything, or from what stands before it.
BOOST_AUTO_TEST_CASE(negation) {
  const Selection others = parse({"!futex,read"});
  BOOST_TEST(!selects(others, "futex"));
  BOOST_TEST(!selects(others, "read"));
  BOOST_TEST(selects(others, "write"));
  BOOST_TEST(others.has(SONDE_ABI_NATIVE, 9999));
  const Selection files = parse({"%file", "!openat"});
  BOOST_TEST(selects(files, "unlink"));
  BOOST_TEST(!selects(files, "openat"));
  BOOST_TEST(!selects(files, "getpid"));
}

BOOST_AUTO_TEST_CASE(operations_of_io_uring) {
  const Selection one = parse({"io_uring:read"});
  BOOST_TEST(selects(one, "read", SONDE_ABI_URING));
  BOOST_TEST(!selects(one, "read"));
  BOOST_TEST(!selects(one, "write", SONDE_ABI_URING));
  BOOST_TEST(selects(parse({"%io_uring"}), "nop", SONDE_ABI_URING));
}

// Each call of each class exists in one of the tables: a misspelt one would select nothing.
BOOST_AUTO_TEST_CASE(classes_name_calls) {
  for (const CallClass& one : call_classes()) {
    for (const std::string_view name : one.calls) {
      const bool known = call_number(SONDE_ABI_NATIVE, name) || call_number(SONDE_ABI_COMPAT, name);
      BOOST_TEST(known, name);
    }
  }
}

// Wrong input is named, with the nearest right one.
BOOST_AUTO_TEST_CASE(errors) {
  BOOST_TEST(message_of({"opeat"}).find("openat") != std::string::npos);
  BOOST_TEST(message_of({"%fle"}).find("file") != std::string::npos);
  BOOST_TEST(message_of({"io_uring:raed"}).find("read") != std::string::npos);
  for (const char* text : {"", "!", "openat,", ",read", "%", "!!read"})
    BOOST_TEST(!message_of({text}).empty(), text);
}
