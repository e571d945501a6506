#include <boost/test/unit_test.hpp>
#include <string>

#include "process/process_list.hpp"
#include "temp_dir.hpp"

using namespace sonde::process;

BOOST_AUTO_TEST_SUITE(process_list)

// Processes are found by their own name and by that of any of their threads, as the kernel cuts it.
BOOST_AUTO_TEST_CASE(by_name) {
  const sonde::test::TempDir root;
  root.write("proc/7/comm", "server\n");
  root.write("proc/30/comm", "other\n");
  root.write("proc/30/task/30/comm", "other\n");
  root.write("proc/30/task/31/comm", "a-very-long-nam\n");
  root.write("proc/self/comm", "server\n");
  root.write("proc/12x/comm", "server\n");
  using Pids = std::vector<std::int32_t>;
  BOOST_TEST(list_processes({}, root.path()) == (Pids{7, 30}));
  BOOST_TEST(list_processes({"server", {}}, root.path()) == Pids{7});
  BOOST_TEST(list_processes({"a-very-long-name", {}}, root.path()) == Pids{30});
  BOOST_TEST(list_processes({"none", {}}, root.path()).empty());
}

// A cgroup has the processes of those below it; each counts once.
BOOST_AUTO_TEST_CASE(by_cgroup) {
  const sonde::test::TempDir root;
  root.write("cg/cgroup.procs", "9\n5\n");
  root.write("cg/below/deeper/cgroup.procs", "5\n11\n");
  root.write("proc/11/comm", "x\n");
  using Pids = std::vector<std::int32_t>;
  BOOST_TEST(list_processes({{}, "/cg"}, root.path()) == (Pids{5, 9, 11}));
  BOOST_TEST(list_processes({"x", "/cg"}, root.path()) == Pids{11});
  BOOST_TEST(list_processes({{}, "/gone"}, root.path()).empty());
}

BOOST_AUTO_TEST_SUITE_END()
