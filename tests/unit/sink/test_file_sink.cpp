#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "sink/file_sink.hpp"
#include "temp_dir.hpp"

namespace {

namespace fs = std::filesystem;
using sonde::UniqueFd;
using sonde::sink::FileSink;
using sonde::test::TempDir;

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::ptrdiff_t entries(const std::string& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

mode_t mode_of(const std::string& path) {
  struct stat status {};
  BOOST_REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777u;
}

void save(const std::string& path, std::string_view text) {
  auto sink = FileSink::open(path);
  BOOST_REQUIRE_MESSAGE(sink.has_value(), (sink ? "" : sink.error().message()));
  BOOST_REQUIRE((*sink)->write(text).has_value());
  BOOST_REQUIRE((*sink)->commit().has_value());
}

sonde::Error open_error(const std::string& path) {
  const auto sink = FileSink::open(path);
  BOOST_REQUIRE(!sink.has_value());
  BOOST_TEST((sink.error().code == sonde::ErrorCode::OutputFailed));
  return sink.error();
}

bool is_root() {
  return ::geteuid() == 0;
}

struct OnlyRoot {
  boost::test_tools::assertion_result operator()(boost::unit_test::test_unit_id) const {
    return is_root();
  }
};

// Acts as a user without privileges while it lives.
class AsNobody {
 public:
  AsNobody() { BOOST_REQUIRE(::seteuid(65534) == 0); }
  ~AsNobody() {
    if (::seteuid(0) != 0) std::abort();
  }
};

class TinyDisk {
 public:
  explicit TinyDisk(std::string folder) : folder_(std::move(folder)) {
    fs::create_directory(folder_);
    BOOST_REQUIRE(::mount("tmpfs", folder_.c_str(), "tmpfs", 0, "size=64k") == 0);
  }
  ~TinyDisk() { ::umount2(folder_.c_str(), MNT_DETACH); }

 private:
  std::string folder_;
};

}  // namespace

// Until commit() the name does not exist; then it holds everything, and nothing else is left in the
// folder.
BOOST_AUTO_TEST_CASE(file_appears_whole) {
  const TempDir dir;
  auto sink = FileSink::open(dir.path("out"));
  BOOST_REQUIRE(sink.has_value());
  BOOST_REQUIRE((*sink)->write("all of it").has_value());
  BOOST_REQUIRE((*sink)->flush().has_value());
  BOOST_TEST(!fs::exists(dir.path("out")));
  BOOST_REQUIRE((*sink)->commit().has_value());
  BOOST_TEST(content(dir.path("out")) == "all of it");
  BOOST_TEST(entries(dir.path()) == 1);
  sink->reset();
  BOOST_TEST(content(dir.path("out")) == "all of it");
}

// Without commit() an old file is untouched and nothing is left behind.
BOOST_AUTO_TEST_CASE(abandoned_output_leaves_nothing) {
  const TempDir dir;
  dir.write("out", "old");
  {
    auto sink = FileSink::open(dir.path("out"));
    BOOST_REQUIRE(sink.has_value());
    BOOST_REQUIRE((*sink)->write("new").has_value());
    BOOST_REQUIRE((*sink)->flush().has_value());
  }
  BOOST_TEST(content(dir.path("out")) == "old");
  BOOST_TEST(entries(dir.path()) == 1);
}

// Two outputs in one folder do not meet.
BOOST_AUTO_TEST_CASE(outputs_are_independent) {
  const TempDir dir;
  auto first = FileSink::open(dir.path("first"));
  auto second = FileSink::open(dir.path("second"));
  BOOST_REQUIRE(first.has_value());
  BOOST_REQUIRE(second.has_value());
  BOOST_REQUIRE((*first)->write("1").has_value());
  BOOST_REQUIRE((*second)->write("2").has_value());
  BOOST_REQUIRE((*second)->commit().has_value());
  BOOST_REQUIRE((*first)->commit().has_value());
  BOOST_TEST(content(dir.path("first")) == "1");
  BOOST_TEST(content(dir.path("second")) == "2");
}

// A new file has the mode that the umask leaves, as a shell's ">" gives it; an existing one keeps
// its own.
BOOST_AUTO_TEST_CASE(mode_is_by_umask_or_kept) {
  const TempDir dir;
  const mode_t before = ::umask(027);
  save(dir.path("new"), "x");
  ::umask(before);
  BOOST_TEST(mode_of(dir.path("new")) == 0640u);

  dir.write("old", "");
  BOOST_REQUIRE(::chmod(dir.path("old").c_str(), 0604) == 0);
  save(dir.path("old"), "x");
  BOOST_TEST(mode_of(dir.path("old")) == 0604u);
}

// Root rewriting somebody's file leaves it theirs.
BOOST_AUTO_TEST_CASE(owner_is_kept, *boost::unit_test::precondition(OnlyRoot())) {
  const TempDir dir;
  dir.write("out", "old");
  BOOST_REQUIRE(::chown(dir.path("out").c_str(), 1234, 4321) == 0);
  save(dir.path("out"), "new");
  struct stat status {};
  BOOST_REQUIRE(::stat(dir.path("out").c_str(), &status) == 0);
  BOOST_TEST(status.st_uid == 1234u);
  BOOST_TEST(status.st_gid == 4321u);
}

// A symbolic link stays a link and the file it leads to is written, whether that exists yet or not.
BOOST_AUTO_TEST_CASE(links_are_written_through) {
  const TempDir dir;
  dir.write("real/old", "old");
  fs::create_symlink("real/old", dir.path("link"));
  fs::create_symlink(dir.path("link"), dir.path("link_to_link"));
  fs::create_symlink("real/new", dir.path("dangling"));
  save(dir.path("link_to_link"), "text");
  save(dir.path("dangling"), "more");
  BOOST_TEST(fs::is_symlink(dir.path("link")));
  BOOST_TEST(fs::is_symlink(dir.path("link_to_link")));
  BOOST_TEST(fs::is_symlink(dir.path("dangling")));
  BOOST_TEST(content(dir.path("real/old")) == "text");
  BOOST_TEST(content(dir.path("real/new")) == "more");
  BOOST_TEST(entries(dir.path("real")) == 2);
}

// Devices are written, never replaced.
BOOST_AUTO_TEST_CASE(devices_are_written_directly) {
  save("/dev/null", "gone");
  struct stat status {};
  BOOST_REQUIRE(::stat("/dev/null", &status) == 0);
  BOOST_TEST(S_ISCHR(status.st_mode));

  auto full = FileSink::open("/dev/full");
  BOOST_REQUIRE(full.has_value());
  BOOST_REQUIRE((*full)->write("x").has_value());
  BOOST_TEST((*full)->commit().error().sys_errno == ENOSPC);
}

// A FIFO's reader gets the bytes and the FIFO stays.
BOOST_AUTO_TEST_CASE(fifos_are_written_directly) {
  const TempDir dir;
  BOOST_REQUIRE(::mkfifo(dir.path("fifo").c_str(), 0600) == 0);
  std::string got;
  std::thread reader([&] { got = content(dir.path("fifo")); });
  save(dir.path("fifo"), "through the pipe");
  reader.join();
  BOOST_TEST(got == "through the pipe");
  BOOST_TEST(fs::is_fifo(dir.path("fifo")));
}

// /dev/fd/N (and so /dev/stdout) is the open file itself: what others write to it before and after
// is kept.
BOOST_AUTO_TEST_CASE(open_descriptors_are_appended_to) {
  const TempDir dir;
  const UniqueFd file(
      ::open(dir.path("log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  BOOST_REQUIRE(::write(file.get(), "before ", 7) == 7);
  save("/dev/fd/" + std::to_string(file.get()), "sonde ");
  save("/proc/self/fd/" + std::to_string(file.get()), "again ");
  BOOST_REQUIRE(::write(file.get(), "after", 5) == 5);
  BOOST_TEST(content(dir.path("log")) == "before sonde again after");
}

// Each mistake is found when opening, named with its path, and answered with a fix.
BOOST_AUTO_TEST_CASE(mistakes_are_named) {
  const TempDir dir;
  dir.write("file", "");
  fs::create_symlink("loop", dir.path("loop"));
  const std::string missing = dir.path("no/such/file");
  BOOST_TEST(open_error(missing).message() ==
             "write " + missing + ": No such file or directory. Create the folder first");
  BOOST_TEST(open_error(dir.path()).message() ==
             "write " + dir.path() + ": Is a directory. Name a file, not a folder");
  BOOST_TEST(open_error(dir.path("file/x")).sys_errno == ENOTDIR);
  BOOST_TEST(open_error(dir.path("loop")).sys_errno == ELOOP);
  BOOST_TEST(open_error("").sys_errno == ENOENT);
  BOOST_TEST(open_error(dir.path(std::string(300, 'x'))).sys_errno == ENAMETOOLONG);
}

// A folder or a file that may not be written is refused at once and left as it was.
BOOST_AUTO_TEST_CASE(missing_rights_are_named, *boost::unit_test::precondition(OnlyRoot())) {
  const TempDir dir;
  BOOST_REQUIRE(::chmod(dir.path().c_str(), 0755) == 0);
  dir.write("open/readonly", "old");
  BOOST_REQUIRE(::chmod(dir.path("open").c_str(), 0777) == 0);
  BOOST_REQUIRE(::chmod(dir.path("open/readonly").c_str(), 0444) == 0);
  const AsNobody nobody;
  const sonde::Error no_folder = open_error(dir.path("out"));
  BOOST_TEST(no_folder.sys_errno == EACCES);
  BOOST_TEST(!no_folder.hint.empty());
  BOOST_TEST(open_error(dir.path("open/readonly")).sys_errno == EACCES);
  BOOST_TEST(content(dir.path("open/readonly")) == "old");
  BOOST_TEST(entries(dir.path("open")) == 1);
}

// A disk that fills up is reported, the old file stays and the temporary one goes.
BOOST_AUTO_TEST_CASE(full_disk_keeps_the_old_file, *boost::unit_test::precondition(OnlyRoot())) {
  const TempDir dir;
  const TinyDisk disk(dir.path("disk"));
  dir.write("disk/out", "old");
  {
    auto sink = FileSink::open(dir.path("disk/out"));
    BOOST_REQUIRE(sink.has_value());
    const auto written = (*sink)->write(std::string(1'000'000, 'x'));
    BOOST_REQUIRE(!written.has_value());
    BOOST_TEST(written.error().sys_errno == ENOSPC);
    BOOST_TEST(!(*sink)->commit().has_value());
  }
  BOOST_TEST(content(dir.path("disk/out")) == "old");
  BOOST_TEST(entries(dir.path("disk")) == 1);
}

// The same for a file size limit, which needs no privilege to test.
BOOST_AUTO_TEST_CASE(size_limit_keeps_the_old_file) {
  const TempDir dir;
  dir.write("out", "old");
  const auto before = std::signal(SIGXFSZ, SIG_IGN);
  rlimit unlimited{};
  ::getrlimit(RLIMIT_FSIZE, &unlimited);
  const rlimit small{1000, unlimited.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  {
    auto sink = FileSink::open(dir.path("out"));
    BOOST_CHECK(sink.has_value());
    BOOST_CHECK((*sink)->write(std::string(5000, 'x')).has_value());
    BOOST_TEST((*sink)->commit().error().sys_errno == EFBIG);
  }
  ::setrlimit(RLIMIT_FSIZE, &unlimited);
  std::signal(SIGXFSZ, before);
  BOOST_TEST(content(dir.path("out")) == "old");
  BOOST_TEST(entries(dir.path()) == 1);
}
