#include <boost/test/unit_test.hpp>
#include <cerrno>

#include "syscalls/errno_names.hpp"

using namespace sonde::syscalls;

// Names and numbers are each other's inverse.
BOOST_AUTO_TEST_CASE(names_and_numbers) {
  BOOST_TEST(errno_name(ENOENT) == "ENOENT");
  BOOST_TEST(errno_name(512) == "ERESTARTSYS");
  BOOST_TEST(errno_name(999) == "errno_999");
  BOOST_TEST(parse_errno("EACCES").value() == EACCES);
  BOOST_TEST(parse_errno("EWOULDBLOCK").value() == EAGAIN);
  BOOST_TEST(parse_errno("ERESTARTNOHAND").value() == 514);
  BOOST_TEST(parse_errno("13").value() == EACCES);
}

// What is no error is refused, with the nearest name.
BOOST_AUTO_TEST_CASE(impossible_errors) {
  const auto misspelt = parse_errno("EACESS");
  BOOST_TEST_REQUIRE(!misspelt.has_value());
  BOOST_TEST(misspelt.error().message().find("EACCES") != std::string::npos);
  for (const char* text : {"0", "-1", "4000", "99999999999999999999", "", "enoent "})
    BOOST_TEST(!parse_errno(text).has_value(), text);
}
