#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <string>

#include "process/address_spaces.hpp"
#include "temp_dir.hpp"

using namespace sonde::process;

namespace {

struct stat status_of(const std::string& path) {
  struct stat status = {};
  ::stat(path.c_str(), &status);
  return status;
}

std::string hex_device(dev_t device) {
  char text[32];
  std::snprintf(text, sizeof text, "%02x:%02x", major(device), minor(device));
  return text;
}

MmapEvent mmap_event(std::int32_t pid, std::uint64_t time_ns, std::uint64_t start,
                     const std::string& path, const struct stat& status) {
  return {pid, time_ns, start, 0x1000, 0, {status.st_dev, status.st_ino}, path};
}

/// A root in which /program and /library are files that fake processes map.
struct FakeRoot : sonde::test::TempDir {
  FakeRoot() {
    write("program", "program");
    write("library", "library");
  }
  void maps(std::int32_t pid, const std::string& text) const {
    write("proc/" + std::to_string(pid) + "/maps", text);
  }
  std::string line(const char* range, const std::string& file) const {
    const struct stat status = status_of(path(file));
    return std::string(range) + " r-xp 00000000 " + hex_device(status.st_dev) + " " +
           std::to_string(status.st_ino) + "    /" + file + "\n";
  }
};

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    ++count;
  }
  return count;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(address_spaces)

// Our own process: the mapping of a libc function is the file that dladdr names, and its descriptor
// reads that file.
BOOST_AUTO_TEST_CASE(observes_a_real_process) {
  Dl_info info = {};
  const auto address = reinterpret_cast<std::uint64_t>(&::getpid);
  BOOST_REQUIRE(::dladdr(reinterpret_cast<const void*>(address), &info) != 0);
  AddressSpaces spaces;
  spaces.observe(::getpid(), 100);
  const std::optional<Mapping> mapping = spaces.find(::getpid(), 100, address);
  BOOST_REQUIRE(mapping != std::nullopt);
  BOOST_REQUIRE((mapping->kind == Mapping::Kind::file));
  const struct stat expected = status_of(info.dli_fname);
  struct stat opened = {};
  BOOST_REQUIRE(mapping->file->fd);
  ::fstat(mapping->file->fd.get(), &opened);
  BOOST_TEST(opened.st_ino == expected.st_ino);
  BOOST_TEST(std::filesystem::equivalent(mapping->file->path, info.dli_fname));
  BOOST_TEST(spaces.missed_processes() == 0u);
}

// Fork copies, exec starts over, exit ends: each time finds what was mapped then.
BOOST_AUTO_TEST_CASE(follows_a_process_through_its_life) {
  const FakeRoot root;
  root.maps(1, root.line("1000-2000", "program"));
  AddressSpaces spaces(root.path());
  spaces.observe(1, 10);
  spaces.on_fork(1, 2, 20);
  spaces.on_exec(2, 30);
  spaces.on_mmap(mmap_event(2, 31, 0x8000, "/library", status_of(root.path("library"))));
  spaces.on_exit(2, 40);
  BOOST_REQUIRE(spaces.find(2, 25, 0x1000) != std::nullopt);
  BOOST_TEST(spaces.find(2, 25, 0x1000)->file->path == "/program");
  BOOST_TEST((spaces.find(2, 35, 0x1000) == std::nullopt));
  BOOST_REQUIRE(spaces.find(2, 35, 0x8000) != std::nullopt);
  BOOST_TEST(spaces.find(2, 35, 0x8000)->file->path == "/library");
  BOOST_TEST((spaces.find(2, 45, 0x8000) == std::nullopt));
  BOOST_TEST((spaces.find(2, 15, 0x1000) == std::nullopt));
  BOOST_TEST((spaces.find(1, 45, 0x1000) != std::nullopt));
  BOOST_TEST((spaces.find(3, 45, 0x1000) == std::nullopt));
}

// What a child maps does not show in its parent, whose table it shares until then.
BOOST_AUTO_TEST_CASE(child_does_not_change_its_parent) {
  const FakeRoot root;
  root.maps(1, root.line("1000-2000", "program"));
  AddressSpaces spaces(root.path());
  spaces.observe(1, 10);
  spaces.on_fork(1, 2, 20);
  spaces.on_mmap(mmap_event(2, 25, 0x8000, "/library", status_of(root.path("library"))));
  BOOST_TEST((spaces.find(2, 30, 0x8000) != std::nullopt));
  BOOST_TEST((spaces.find(1, 30, 0x8000) == std::nullopt));
}

// A stack that is read after the record of its process's end belongs to that process, not to a new
// one of its number.
BOOST_AUTO_TEST_CASE(last_stacks_come_after_the_end) {
  const FakeRoot root;
  AddressSpaces spaces(root.path());
  spaces.on_mmap(mmap_event(2, 10, 0x1000, "/program", status_of(root.path("program"))));
  spaces.on_exit(2, 40);
  spaces.observe(2, 35);
  BOOST_TEST(spaces.missed_processes() == 0u);
  spaces.forget_unobserved(100);
  BOOST_TEST((spaces.find(2, 35, 0x1000) != std::nullopt));
}

// A number that is used again, with or without a record of the fork, is another process.
BOOST_AUTO_TEST_CASE(numbers_are_used_again) {
  const FakeRoot root;
  root.maps(1, root.line("1000-2000", "program"));
  AddressSpaces spaces(root.path());
  spaces.observe(1, 10);
  spaces.on_exit(1, 20);
  root.maps(1, root.line("1000-2000", "library"));
  spaces.observe(1, 30);
  BOOST_TEST(spaces.find(1, 15, 0x1000)->file->path == "/program");
  BOOST_TEST(spaces.find(1, 30, 0x1000)->file->path == "/library");
}

// /proc read for a sample of the old program, but after exec, shows the new one: the record of exec
// puts that right.
BOOST_AUTO_TEST_CASE(late_exec_record_moves_what_proc_showed) {
  const FakeRoot root;
  root.maps(1, root.line("1000-2000", "program"));
  AddressSpaces spaces(root.path());
  spaces.observe(1, 10);  // reads at the time of now, which is later than 20 ns after boot
  spaces.on_exec(1, 20);
  BOOST_TEST((spaces.find(1, 15, 0x1000) == std::nullopt));
  BOOST_TEST((spaces.find(1, 25, 0x1000) != std::nullopt));
}

// One file mapped by many processes costs one descriptor, and none after it is forgotten.
BOOST_AUTO_TEST_CASE(shares_descriptors) {
  const FakeRoot root;
  const std::size_t before = open_descriptors();
  AddressSpaces spaces(root.path());
  for (std::int32_t pid = 1; pid <= 50; ++pid) {
    root.maps(pid, root.line("1000-2000", "program") + root.line("5000-6000", "library"));
    spaces.observe(pid, 10);
  }
  BOOST_TEST(open_descriptors() == before + 2);
  BOOST_TEST(spaces.find(1, 10, 0x1000)->file == spaces.find(50, 10, 0x1000)->file);
}

// What ended without a stack is forgotten with its descriptors; what was observed or still runs
// stays.
BOOST_AUTO_TEST_CASE(forgets_what_no_stack_refers_to) {
  const FakeRoot root;
  const std::size_t before = open_descriptors();
  AddressSpaces spaces(root.path());
  const struct stat program = status_of(root.path("program"));
  spaces.on_mmap(mmap_event(1, 10, 0x1000, "/program", program));
  spaces.on_exit(1, 20);
  BOOST_TEST(open_descriptors() == before + 1);
  spaces.forget_unobserved(20);
  BOOST_TEST((spaces.find(1, 15, 0x1000) != std::nullopt));
  spaces.forget_unobserved(21);
  BOOST_TEST((spaces.find(1, 15, 0x1000) == std::nullopt));
  BOOST_TEST(open_descriptors() == before);

  spaces.on_mmap(mmap_event(2, 30, 0x1000, "/program", program));
  spaces.observe(2, 31);
  spaces.on_exit(2, 40);
  spaces.on_mmap(mmap_event(3, 30, 0x1000, "/program", program));
  spaces.forget_unobserved(50);
  BOOST_TEST((spaces.find(2, 35, 0x1000) != std::nullopt));
  BOOST_TEST((spaces.find(3, 35, 0x1000) != std::nullopt));
}

// A file of that name but another inode was put there since: it is not opened, its mapping is still
// known.
BOOST_AUTO_TEST_CASE(does_not_open_another_file_of_the_name) {
  const FakeRoot root;
  struct stat other = status_of(root.path("program"));
  other.st_ino += 1'000'000;
  AddressSpaces spaces(root.path());
  spaces.on_mmap(mmap_event(1, 10, 0x1000, "/program", other));
  BOOST_REQUIRE(spaces.find(1, 10, 0x1000) != std::nullopt);
  BOOST_TEST(!spaces.find(1, 10, 0x1000)->file->fd);
}

// A container's file is read through the process's root, where the name means something else than
// here.
BOOST_AUTO_TEST_CASE(opens_through_the_process_root) {
  const FakeRoot root;
  root.write("proc/1/root/program", "program in a container");
  AddressSpaces spaces(root.path());
  const struct stat inside = status_of(root.path("proc/1/root/program"));
  spaces.on_mmap(mmap_event(1, 10, 0x1000, "/program", inside));
  BOOST_REQUIRE(spaces.find(1, 10, 0x1000)->file->fd);
  struct stat opened = {};
  ::fstat(spaces.find(1, 10, 0x1000)->file->fd.get(), &opened);
  BOOST_TEST(opened.st_ino == inside.st_ino);
}

// A file that was removed while mapped is opened through map_files; its name keeps the kernel's
// mark.
BOOST_AUTO_TEST_CASE(opens_deleted_files) {
  const sonde::test::TempDir directory;
  const std::string name = directory.path("lib");
  std::filesystem::copy_file("/proc/self/exe", name);
  const int fd = ::open(name.c_str(), O_RDONLY);
  void* const memory = ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
  const struct stat status = status_of(name);
  ::close(fd);
  BOOST_REQUIRE(memory != MAP_FAILED);
  std::filesystem::remove(name);
  AddressSpaces spaces;
  spaces.observe(::getpid(), 10);
  const std::optional<Mapping> mapping =
      spaces.find(::getpid(), 10, reinterpret_cast<std::uint64_t>(memory));
  BOOST_REQUIRE(mapping != std::nullopt);
  BOOST_TEST(mapping->file->path == name + " (deleted)");
  const bool may_use_map_files = ::geteuid() == 0;
  if (may_use_map_files) {
    BOOST_REQUIRE(mapping->file->fd);
    struct stat opened = {};
    ::fstat(mapping->file->fd.get(), &opened);
    BOOST_TEST(opened.st_ino == status.st_ino);
  }
  ::munmap(memory, 4096);
}

// A process that is gone is counted once, unless the kernel's records told something of it.
BOOST_AUTO_TEST_CASE(counts_missed_processes) {
  const FakeRoot root;
  AddressSpaces spaces(root.path());
  spaces.observe(7, 10);
  spaces.observe(7, 11);
  BOOST_TEST(spaces.missed_processes() == 1u);
  spaces.on_mmap(mmap_event(8, 10, 0x1000, "/program", status_of(root.path("program"))));
  spaces.observe(8, 11);
  BOOST_TEST(spaces.missed_processes() == 1u);
  BOOST_TEST((spaces.find(8, 11, 0x1000) != std::nullopt));
}

// The perf map is that of the process's own mount and PID namespace, and may come after the first
// sight.
BOOST_AUTO_TEST_CASE(finds_the_perf_map) {
  const FakeRoot root;
  root.maps(9, "1000-2000 r-xp 00000000 00:00 0 \n");
  const std::string user = "\nUid:\t" + std::to_string(::getuid()) + "\t0\t0\t0\n";
  root.write("proc/9/status", "Name:\tnode" + user + "NSpid:\t9\t3\n");
  root.write("proc/9/root/tmp/perf-3.map", "1000 10 f\n");
  AddressSpaces spaces(root.path());
  BOOST_TEST(spaces.perf_map_fd(9, 10) == -1);
  spaces.observe(9, 10);
  BOOST_TEST(spaces.perf_map_fd(9, 10) >= 0);
  root.maps(10, "1000-2000 r-xp 00000000 00:00 0 \n");
  root.write("proc/10/status", "Name:\tnode" + user + "NSpid:\t10\n");
  BOOST_REQUIRE_EQUAL(::mkfifo((root.path("proc/10") + "/fifo").c_str(), 0600), 0);
  std::filesystem::create_directories(root.path("proc/10/root/tmp"));
  std::filesystem::create_symlink(root.path("proc/10/fifo"),
                                  root.path("proc/10/root/tmp/perf-10.map"));
  spaces.observe(10, 10);
  BOOST_TEST(spaces.perf_map_fd(10, 10) == -1);
  BOOST_TEST(spaces.foreign_perf_maps() == 0u);
}

// A perf map is the process's word: one that another user wrote, or a link out of its root, is not
// read.
BOOST_AUTO_TEST_CASE(refuses_the_perf_maps_of_others) {
  const FakeRoot root;
  const std::string other = std::to_string(::getuid() + 1);
  root.maps(9, "1000-2000 r-xp 00000000 00:00 0 \n");
  root.write("proc/9/status", "Name:\tnode\nUid:\t" + other + "\t" + other + "\t" + other + "\t" +
                                  other + "\nNSpid:\t9\n");
  root.write("proc/9/root/tmp/perf-9.map", "1000 10 f\n");
  const std::string map = root.path("proc/9/root/tmp/perf-9.map");
  if (::getuid() == 0) BOOST_REQUIRE_EQUAL(::chown(map.c_str(), 2, 2), 0);
  AddressSpaces spaces(root.path());
  spaces.observe(9, 10);
  BOOST_TEST(spaces.perf_map_fd(9, 10) == -1);
  BOOST_TEST(spaces.foreign_perf_maps() == 1u);

  root.maps(10, "1000-2000 r-xp 00000000 00:00 0 \n");
  root.write("proc/10/status",
             "Name:\tnode\nUid:\t" + std::to_string(::getuid()) + "\t0\t0\t0\nNSpid:\t10\n");
  root.write("outside/perf-10.map", "1000 10 f\n");
  std::filesystem::create_directories(root.path("proc/10/root"));
  std::filesystem::create_directory_symlink(root.path("outside"), root.path("proc/10/root/tmp"));
  spaces.observe(10, 10);
  BOOST_TEST(spaces.perf_map_fd(10, 10) == -1);
  BOOST_TEST(spaces.foreign_perf_maps() == 1u);
}

// Records that make no sense are ignored.
BOOST_AUTO_TEST_CASE(ignores_impossible_records) {
  AddressSpaces spaces(sonde::test::TempDir().path());
  spaces.on_mmap({1, 10, 0x1000, 0, 0, {}, "//anon"});
  spaces.on_mmap({1, 10, UINT64_MAX - 10, 100, 0, {}, "//anon"});
  spaces.on_exit(99, 10);
  spaces.on_fork(98, 97, 10);
  spaces.on_fork(5, 5, 10);
  spaces.observe(0, 10);
  spaces.observe(-1, 10);
  BOOST_TEST((spaces.find(1, 10, UINT64_MAX - 5) == std::nullopt));
  BOOST_TEST((spaces.find(1, 10, 0x1000) == std::nullopt));
}

// Who watches a process is told once of each time that its mappings change, and that it is over.
BOOST_AUTO_TEST_CASE(watched_changes) {
  const FakeRoot root;
  root.maps(10, root.line("1000-2000", "program"));
  AddressSpaces spaces(root.path());
  spaces.observe(10, 100);
  BOOST_TEST(spaces.mappings(10).size() == 1u);
  spaces.watch(10);
  BOOST_TEST(spaces.take_changed().empty());

  const auto library = status_of(root.path("library"));
  spaces.on_mmap(mmap_event(10, 200, 0x5000, "/library", library));
  spaces.on_mmap(mmap_event(11, 200, 0x5000, "/library", library));
  auto changes = spaces.take_changed();
  BOOST_TEST_REQUIRE(changes.size() == 1u);
  BOOST_TEST(changes[0].pid == 10);
  BOOST_TEST(!changes[0].is_over);
  BOOST_TEST(spaces.take_changed().empty());
  BOOST_TEST(spaces.mappings(10).size() == 2u);

  spaces.on_exec(10, 300);
  changes = spaces.take_changed();
  BOOST_TEST_REQUIRE(changes.size() == 1u);
  BOOST_TEST(changes[0].is_over);
  // What /proc showed was read after this exec; the library was told before.
  BOOST_TEST(spaces.mappings(10).size() == 1u);
  spaces.on_mmap(mmap_event(10, 400, 0x5000, "/library", library));
  BOOST_TEST(spaces.take_changed().empty());
}

BOOST_AUTO_TEST_SUITE_END()
