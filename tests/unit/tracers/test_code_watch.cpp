#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <string>

#include "temp_dir.hpp"
#include "tracers/code_watch.hpp"

using namespace sonde;

namespace {

// A /proc with processes that map files of this tree.
class FakeProc {
 public:
  void process(int pid, const std::string& comm, const std::string& files, int start = 7) {
    const std::string at = "proc/" + std::to_string(pid);
    root.write(at + "/comm", comm + "\n");
    root.write(at + "/stat", std::to_string(pid) + " (x) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 " +
                                 std::to_string(start) + " 0 0\n");
    std::string maps;
    std::string names = files;
    for (std::size_t space = 0; !names.empty(); names.erase(0, space)) {
      space = std::min(names.find(' ') + 1, names.size());
      if (space == 0) space = names.size();
      std::string name = names.substr(0, space);
      if (name.ends_with(' ')) name.pop_back();
      struct stat status = {};
      BOOST_REQUIRE_EQUAL(::stat(root.write("lib/" + name, name).c_str(), &status), 0);
      maps += "1000-2000 r-xp 00000000 08:01 " + std::to_string(status.st_ino) + " /lib/" + name +
              "\n3000-4000 r--p 00000000 08:01 99 /lib/data\n";
    }
    root.write(at + "/maps", maps);
  }
  std::string names(tracers::CodeWatch& watch) {
    std::string all;
    for (const auto& use : watch.look()) {
      BOOST_TEST(static_cast<bool>(use.file->fd));
      all += std::to_string(use.pid) + use.file->path + " ";
    }
    return all;
  }
  test::TempDir root;
};

tracers::TargetFilter named(const std::string& comm) {
  tracers::TargetFilter filter;
  filter.comm = comm;
  return filter;
}

}  // namespace

// Each file of each process of the name is told once, with a descriptor to read it by; what is
// mapped later is told later.
BOOST_AUTO_TEST_CASE(watch_tells_each_use_once) {
  FakeProc proc;
  proc.process(10, "one", "a b");
  proc.process(11, "one", "a");
  proc.process(12, "two", "a");
  tracers::CodeWatch watch(named("one"), proc.root.path());
  BOOST_TEST(proc.names(watch) == "10/lib/a 10/lib/b 11/lib/a ");
  BOOST_TEST(proc.names(watch) == "");
  proc.process(11, "one", "a c");
  proc.process(13, "one", "c");
  BOOST_TEST(proc.names(watch) == "11/lib/c 13/lib/c ");
  BOOST_TEST(watch.processes() == 3u);
  BOOST_TEST(watch.take_gone().empty());
}

// A process that has ended is told, and another of its number is not taken for it.
BOOST_AUTO_TEST_CASE(watch_tells_ends) {
  FakeProc proc;
  proc.process(10, "one", "a");
  proc.process(11, "one", "a");
  tracers::CodeWatch watch(named("one"), proc.root.path());
  BOOST_TEST(proc.names(watch) == "10/lib/a 11/lib/a ");
  proc.process(10, "one", "a", 8);
  std::filesystem::remove_all(proc.root.path("proc/11"));
  BOOST_TEST(proc.names(watch) == "10/lib/a ");
  BOOST_TEST(watch.take_gone() == (std::vector<std::int32_t>{10, 11}));
  BOOST_TEST(watch.take_gone().empty());
}

// Targets by number need no search.
BOOST_AUTO_TEST_CASE(watch_follows_numbers) {
  FakeProc proc;
  proc.process(10, "one", "a");
  proc.process(11, "two", "b");
  proc.process(12, "three", "b");
  tracers::TargetFilter filter;
  filter.tgids = {10};
  tracers::CodeWatch watch(filter, proc.root.path());
  BOOST_TEST(proc.names(watch) == "10/lib/a ");
  const std::array<std::uint32_t, 2> more = {10, 12};
  const auto uses = watch.look(more);
  BOOST_TEST_REQUIRE(uses.size() == 1u);
  BOOST_TEST(uses[0].pid == 12);
}
