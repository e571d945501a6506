#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "process/cgroup.hpp"
#include "process/cgroup_mounts.hpp"
#include "temp_dir.hpp"

using namespace sonde::process;

namespace {

constexpr const char* kHybrid =
    "22 28 0:20 / /proc rw,relatime - proc proc rw\n"
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 master:1 - cgroup cgroup "
    "rw,cpu,cpuacct\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
    "40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd\n"
    "41 31 0:38 / /sys/fs/cgroup/unified\\040two rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n";

/// A root with cgroup directories of the hybrid layout above.
struct FakeRoot : sonde::test::TempDir {
  explicit FakeRoot(const char* mountinfo = kHybrid) {
    write("proc/self/mountinfo", mountinfo);
    for (const char* mount : {"cpu,cpuacct", "memory", "systemd", "unified two"})
      group(mount);
  }
  std::uint64_t group(const std::string& below) const {
    write("sys/fs/cgroup/" + below + "/cgroup.procs", "");
    struct stat status = {};
    ::stat(path("sys/fs/cgroup/" + below).c_str(), &status);
    return status.st_ino;
  }
};

const std::string kId(64, 'a');

}  // namespace

BOOST_AUTO_TEST_SUITE(cgroup)

// Mount points are unescaped, optional fields skipped, and controllers taken from the superblock's
// options.
BOOST_AUTO_TEST_CASE(parses_mounts) {
  const auto mounts = parse_cgroup_mounts(kHybrid);
  BOOST_REQUIRE_EQUAL(mounts.size(), 4u);
  BOOST_TEST(mounts[0].controller == "cpu");
  BOOST_TEST(!mounts[0].is_v2);
  BOOST_TEST(mounts[2].controller.empty());
  BOOST_TEST(mounts[3].is_v2);
  BOOST_TEST(mounts[3].mount_point == "/sys/fs/cgroup/unified two");
}

// A v2 group is found by its directory, or by its name with and without the leading slash.
BOOST_AUTO_TEST_CASE(finds_v2_groups) {
  const FakeRoot root;
  const std::uint64_t id = root.group("unified two/user.slice");
  for (const char* spelling :
       {"/sys/fs/cgroup/unified two/user.slice", "/user.slice", "user.slice", "user.slice/"}) {
    const auto found = find_cgroup(spelling, root.path());
    BOOST_REQUIRE(found.has_value());
    BOOST_TEST(found->id == id);
    BOOST_TEST(found->is_v2);
    BOOST_TEST(found->path == "/sys/fs/cgroup/unified two/user.slice");
  }
  BOOST_TEST(find_cgroup("/", root.path())->path == "/sys/fs/cgroup/unified two");
}

// A v1 group tells its controller; one in a hierarchy without a controller is refused.
BOOST_AUTO_TEST_CASE(finds_v1_groups) {
  const FakeRoot root;
  const std::uint64_t id = root.group("memory/batch");
  const auto found = find_cgroup("/sys/fs/cgroup/memory/batch", root.path());
  BOOST_REQUIRE(found.has_value());
  BOOST_TEST(found->id == id);
  BOOST_TEST(!found->is_v2);
  BOOST_TEST(found->controller == "memory");
  root.group("systemd/x.service");
  const auto named = find_cgroup("/sys/fs/cgroup/systemd/x.service", root.path());
  BOOST_REQUIRE(!named.has_value());
  BOOST_TEST(named.error().what.find("without a controller") != std::string::npos);
}

// What is no cgroup is an error that names it.
BOOST_AUTO_TEST_CASE(refuses_what_is_no_group) {
  const FakeRoot root;
  const auto missing = find_cgroup("no-such", root.path());
  BOOST_REQUIRE(!missing.has_value());
  BOOST_TEST(missing.error().sys_errno == ENOENT);
  root.write("sys/fs/cgroup/memory/plain/file", "");
  BOOST_TEST(!find_cgroup("/sys/fs/cgroup/memory/plain", root.path()).has_value());
  BOOST_TEST(!find_cgroup("/sys/fs/cgroup/memory/cgroup.procs", root.path()).has_value());
  const FakeRoot without("22 28 0:20 / /proc rw - proc proc rw\n");
  BOOST_TEST(!find_cgroup("user.slice", without.path()).has_value());
}

// The groups that docker, podman, containerd, CRI-O and plain runc make are found by a prefix of
// the id.
BOOST_AUTO_TEST_CASE(finds_containers_by_the_names_of_their_runtimes) {
  for (const std::string& name :
       {"docker-" + kId + ".scope", kId, "cri-containerd-" + kId + ".scope",
        "libpod-" + kId + ".scope", "crio-" + kId}) {
    const FakeRoot root;
    const std::uint64_t id = root.group("unified two/machine.slice/" + name);
    root.group("unified two/machine.slice/" + name + "/" + kId);
    const auto found = find_container("aaaaaaaaaaaa", root.path());
    BOOST_REQUIRE_MESSAGE(found.has_value(), name);
    BOOST_TEST(found->id == id);
    BOOST_TEST(found->is_v2);
  }
}

// On a v1 machine the group of a controller serves.
BOOST_AUTO_TEST_CASE(finds_containers_in_v1) {
  const FakeRoot root;
  root.group("systemd/docker/" + kId);
  root.group("memory/docker/" + kId);
  const auto found = find_container(kId, root.path());
  BOOST_REQUIRE(found.has_value());
  BOOST_TEST(found->controller == "memory");
}

// A prefix of two ids, an unknown id and an id that is too short or no id are errors; the first
// names the candidates.
BOOST_AUTO_TEST_CASE(refuses_unclear_containers) {
  const FakeRoot root;
  root.group("unified two/docker-" + kId + ".scope");
  root.group("unified two/docker-" + std::string(32, 'a') + std::string(32, 'b') + ".scope");
  const auto ambiguous = find_container("aaaaaaaa", root.path());
  BOOST_REQUIRE(!ambiguous.has_value());
  BOOST_TEST(ambiguous.error().hint.find(kId) != std::string::npos);
  BOOST_TEST(find_container(kId, root.path()).has_value());
  BOOST_TEST(!find_container("bbbbbbbb", root.path()).has_value());
  BOOST_TEST(!find_container("aaaa", root.path()).has_value());
  BOOST_TEST(!find_container("../../etc", root.path()).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
