#include <boost/test/unit_test.hpp>

#include <string>

#include "process/memory_usage.hpp"
#include "temp_dir.hpp"

using namespace sonde::process;

BOOST_AUTO_TEST_SUITE(memory_usage)

// A line is found by its whole name, and its kB are 1024 bytes.
BOOST_AUTO_TEST_CASE(smaps) {
  const std::string text =
      "55d0-7ffd ---p 00000000 00:00 0   [rollup]\nRss:    3 kB\nPss:       12 kB\n"
      "Pss_Dirty:   5 kB\n";
  BOOST_TEST((parse_smaps_bytes(text, "Pss") == 12u << 10));
  BOOST_TEST((parse_smaps_bytes(text, "Pss_Dirty") == 5u << 10));
  BOOST_TEST(!parse_smaps_bytes(text, "Swap").has_value());
  BOOST_TEST(!parse_smaps_bytes("Pss: x kB", "Pss").has_value());
  BOOST_TEST(!proportional_set_bytes(1, "/nonexistent").has_value());
}

// In a v1 hierarchy the group is that of the memory controller, also where it is mounted with
// others; else it is the v2 group.
BOOST_AUTO_TEST_CASE(groups) {
  const sonde::test::TempDir root;
  root.write("proc/7/cgroup", "5:cpu,memory:/web\n4:memoryless:/x\n0::/user\n");
  root.write("proc/8/cgroup", "0::/user\n");
  BOOST_TEST(memory_cgroup(7, root.path()) == "/web");
  BOOST_TEST(memory_cgroup(8, root.path()) == "/user");
  BOOST_TEST(memory_cgroup(9, root.path()).empty());
}

// v1 and v2 have other names for the same; both have a spelling of "no limit".
BOOST_AUTO_TEST_CASE(usage) {
  const sonde::test::TempDir root;
  root.write("proc/self/mountinfo",
             "30 29 0:26 / /cg/memory rw - cgroup cgroup rw,memory\n"
             "31 29 0:27 / /cg/v2 rw - cgroup2 cgroup2 rw\n");
  root.write("cg/memory/web/memory.usage_in_bytes", "4096\n");
  root.write("cg/memory/web/memory.limit_in_bytes", "8192\n");
  root.write("cg/memory/free/memory.usage_in_bytes", "1\n");
  root.write("cg/memory/free/memory.limit_in_bytes", "9223372036854771712\n");
  root.write("cg/v2/user/memory.current", "12288\n");
  root.write("cg/v2/user/memory.max", "max\n");
  const CgroupMemory web = read_cgroup_memory("/web", root.path());
  BOOST_TEST((web.usage_bytes == 4096u && web.limit_bytes == 8192u));
  const CgroupMemory free = read_cgroup_memory("/free", root.path());
  BOOST_TEST((free.usage_bytes == 1u && !free.limit_bytes));
  const CgroupMemory user = read_cgroup_memory("/user", root.path());
  BOOST_TEST((user.usage_bytes == 12288u && !user.limit_bytes));
  BOOST_TEST(!read_cgroup_memory("/none", root.path()).usage_bytes.has_value());
}

BOOST_AUTO_TEST_SUITE_END()
