#include <boost/test/unit_test.hpp>

#include <fcntl.h>

#include "util/unique_fd.hpp"

namespace {

using sonde::UniqueFd;

UniqueFd open_null() {
  return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}
bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

}  // namespace

// The descriptor is closed with its owner, and only then.
BOOST_AUTO_TEST_CASE(destruction_closes) {
  int fd = -1;
  {
    const UniqueFd owner = open_null();
    fd = owner.get();
    BOOST_TEST(is_open(fd));
  }
  BOOST_TEST(!is_open(fd));
  BOOST_TEST(!UniqueFd());
}

// A move hands the descriptor over: the source is empty and closes nothing.
BOOST_AUTO_TEST_CASE(move_construction_hands_over) {
  UniqueFd first = open_null();
  const int fd = first.get();
  const UniqueFd second(std::move(first));
  BOOST_TEST(!first);
  BOOST_TEST(second.get() == fd);
  BOOST_TEST(is_open(fd));
}

// Assignment closes what the target held; assigning an owner to itself loses nothing.
BOOST_AUTO_TEST_CASE(move_assignment_closes_the_old) {
  UniqueFd target = open_null();
  UniqueFd source = open_null();
  const int old = target.get();
  const int kept = source.get();
  target = std::move(source);
  BOOST_TEST(!is_open(old));
  BOOST_TEST(target.get() == kept);
  BOOST_TEST(is_open(kept));
  UniqueFd& same = target;
  target = std::move(same);
  BOOST_TEST(target.get() == kept);
  BOOST_TEST(is_open(kept));
}

// release() gives the descriptor up open; reset() closes it.
BOOST_AUTO_TEST_CASE(release_and_reset) {
  UniqueFd owner = open_null();
  UniqueFd again(owner.release());
  BOOST_TEST(!owner);
  const int fd = again.get();
  BOOST_TEST(is_open(fd));
  again.reset();
  BOOST_TEST(!again);
  BOOST_TEST(!is_open(fd));
}
