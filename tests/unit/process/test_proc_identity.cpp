#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <sstream>

#include "process/proc_identity.hpp"
#include "process/regular_file.hpp"
#include "temp_dir.hpp"

using namespace sonde::process;

BOOST_AUTO_TEST_SUITE(proc_identity)

// A command name with spaces and brackets does not shift the start time, field 22 of
// proc_pid_stat(5).
BOOST_AUTO_TEST_CASE(reads_an_awkward_name) {
  const sonde::test::TempDir root;
  root.write("proc/42/stat",
             "42 (a) b (c) S 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 10 11 12\n");
  root.write("proc/42/comm", "a) b (c\n");
  root.write("proc/42/status", "Name:\tx\nPid:\t42\nNSpid:\t42\t7\t1\nThreads:\t1\n");
  const ProcIdentity identity = read_identity(42, root.path());
  BOOST_TEST(identity.exists);
  BOOST_TEST(identity.comm == "a) b (c");
  BOOST_TEST(identity.start_time_ticks == 987654u);
  BOOST_TEST(identity.innermost_pid == 1);
}

// A process that is not there is told apart from one that is.
BOOST_AUTO_TEST_CASE(tells_whether_it_exists) {
  const sonde::test::TempDir root;
  BOOST_TEST(!read_identity(42, root.path()).exists);
  const ProcIdentity self = read_identity(::getpid());
  BOOST_TEST(self.exists);
  BOOST_TEST(self.start_time_ticks > 0u);
  BOOST_TEST(self.comm == "test_process");
}

// A kernel without PID namespaces has no NSpid line: the process's own number serves.
BOOST_AUTO_TEST_CASE(lives_without_nspid) {
  const sonde::test::TempDir root;
  root.write("proc/42/stat", "42 (x) S\n");
  root.write("proc/42/status", "Name:\tx\nPid:\t42\n");
  BOOST_TEST(read_identity(42, root.path()).innermost_pid == 42);
  BOOST_TEST(parse_innermost_pid("Name:\tx\nNSpid:\t42\n") == 42);
  BOOST_TEST(parse_innermost_pid("Name:\tx\nNSpid:\tjunk\n") == 0);
}

// Opening a file that the traced process named must not hang on a FIFO, nor take a directory or a
// device for a file.
BOOST_AUTO_TEST_CASE(opens_regular_files_only) {
  const sonde::test::TempDir root;
  const std::string fifo = root.path("fifo");
  BOOST_REQUIRE_EQUAL(::mkfifo(fifo.c_str(), 0600), 0);
  BOOST_TEST(!open_regular(fifo));
  BOOST_TEST(!open_regular(root.path()));
  BOOST_TEST(!open_regular("/dev/zero"));
  BOOST_TEST(!open_regular(root.path("missing")));
  const std::string file = root.write("file", "0123456789");
  BOOST_TEST(static_cast<bool>(open_regular(file)));
  BOOST_TEST(read_text(file) == "0123456789");
  BOOST_TEST(read_text(file, 4) == "0123");
}

BOOST_AUTO_TEST_SUITE_END()
