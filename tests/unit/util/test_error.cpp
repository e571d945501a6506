#include <boost/test/unit_test.hpp>

#include <cerrno>

#include "util/fail.hpp"

// One line: the operation, the errno's text, the hint; parts that are not known are left out.
BOOST_AUTO_TEST_CASE(message_joins_what_is_known) {
  const sonde::Error full{sonde::ErrorCode::AttachFailed, ENOENT, "attach x", "Do this",
                          "long\nlog"};
  BOOST_TEST(full.message() == "attach x: No such file or directory. Do this");
  BOOST_TEST((sonde::Error{sonde::ErrorCode::LoadFailed, 0, "load x", "", ""}.message()) ==
             "load x");
}

// fail_errno keeps the errno of the failed call.
BOOST_AUTO_TEST_CASE(fail_errno_keeps_errno) {
  errno = EACCES;
  const sonde::Result<int> failed = sonde::fail_errno(sonde::ErrorCode::OutputFailed, "open x");
  BOOST_TEST(failed.error().sys_errno == EACCES);
  BOOST_TEST(std::string(sonde::to_string(failed.error().code)) == "OutputFailed");
}
