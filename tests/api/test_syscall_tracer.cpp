#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <sonde/syscall_tracer.hpp>

using namespace sonde;

namespace {

// A child that waits for a byte, makes a known number of calls, and waits again: the tracer's own
// process is never traced.
class Caller {
 public:
  Caller() {
    BOOST_REQUIRE(::pipe(to_child_) == 0 && ::pipe(from_child_) == 0);
    pid_ = ::fork();
    if (pid_ == 0) run();
  }
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;
  ~Caller() {
    ::close(to_child_[1]);
    ::waitpid(pid_, nullptr, 0);
    for (const int fd : {to_child_[0], from_child_[0], from_child_[1]})
      ::close(fd);
  }

  int pid() const { return pid_; }
  void call() {
    char byte = 'g';
    BOOST_REQUIRE(::write(to_child_[1], &byte, 1) == 1);
    BOOST_REQUIRE(::read(from_child_[0], &byte, 1) == 1);
  }

  static constexpr std::uint64_t kGetppid = 1000;
  static constexpr std::uint64_t kFailedClose = 10;

 private:
  [[noreturn]] void run() {
    ::close(to_child_[1]);
    char byte = 0;
    while (::read(to_child_[0], &byte, 1) == 1) {
      for (std::uint64_t i = 0; i < kGetppid; ++i)
        ::syscall(SYS_getppid);
      for (std::uint64_t i = 0; i < kFailedClose; ++i)
        ::syscall(SYS_close, -1);
      if (::write(from_child_[1], &byte, 1) != 1) break;
    }
    ::_exit(0);
  }

  int to_child_[2] = {-1, -1};
  int from_child_[2] = {-1, -1};
  pid_t pid_ = -1;
};

EbpfConfig tracing(const Caller& caller) {
  EbpfConfig config;
  config.target.pids = {caller.pid()};
  return config;
}

const Table* table_of(const Report& report, const std::string& type) {
  for (const Section& section : report.sections) {
    const auto* const table = std::get_if<Table>(&section);
    if (table != nullptr && table->type == type) return table;
  }
  return nullptr;
}

std::uint64_t number(const Table& table, const std::string& name, const std::string& column) {
  for (const auto& row : table.rows) {
    if (std::get<std::string>(row[0]) != name) continue;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      if (table.columns[i].key == column) return std::get<std::uint64_t>(row[i]);
    }
  }
  return 0;
}

}  // namespace

// Rows, statistics and books agree with what the child did.
BOOST_AUTO_TEST_CASE(counts_exactly) {
  Caller caller;
  EbpfSyscallTracer tracer(tracing(caller));
  BOOST_TEST_REQUIRE(tracer.start().has_value());
  caller.call();
  const auto report = tracer.stop();
  BOOST_TEST_REQUIRE(report.has_value());
  const Table* const table = table_of(*report, "syscall");
  BOOST_TEST_REQUIRE(table != nullptr);
  BOOST_TEST(number(*table, "getppid", "calls") == Caller::kGetppid);
  BOOST_TEST(number(*table, "getppid", "errors") == 0u);
  BOOST_TEST(number(*table, "close", "calls") == Caller::kFailedClose);
  BOOST_TEST(number(*table, "close", "errors") == Caller::kFailedClose);
  const SyscallStatistics statistics = tracer.get_stats();
  BOOST_TEST(statistics.balanced());
  BOOST_TEST(statistics.syscalls_traced == statistics.reported);
  BOOST_TEST(statistics.errors == Caller::kFailedClose);
  BOOST_TEST(statistics.unique_syscalls == 4u);  // read, write, getppid, close
}

// filter_syscall() adds and takes away; unknown names and late calls are refused.
BOOST_AUTO_TEST_CASE(filters) {
  Caller caller;
  EbpfSyscallTracer tracer(tracing(caller));
  BOOST_TEST(tracer.filter_syscall("getppid", true).has_value());
  BOOST_TEST(tracer.filter_syscall("%file", true).has_value());
  BOOST_TEST(tracer.filter_syscall("openat", false).has_value());
  const auto unknown = tracer.filter_syscall("getpidd", true);
  BOOST_TEST_REQUIRE(!unknown.has_value());
  BOOST_TEST((unknown.error().code == ErrorCode::ConfigError));
  BOOST_TEST_REQUIRE(tracer.start().has_value());
  BOOST_TEST(!tracer.filter_syscall("read", true).has_value());
  caller.call();
  const auto report = tracer.stop();
  BOOST_TEST_REQUIRE(report.has_value());
  BOOST_TEST(tracer.get_stats().syscalls_traced == Caller::kGetppid);
  BOOST_TEST(tracer.get_stats().unique_syscalls == 1u);
}

// Events come in the order of the calls, with arguments, results and errors.
BOOST_AUTO_TEST_CASE(events) {
  Caller caller;
  EbpfConfig config = tracing(caller);
  config.syscall.trace = true;
  config.syscall.calls = {"close,getppid"};
  EbpfSyscallTracer tracer(std::move(config));
  BOOST_TEST_REQUIRE(tracer.start().has_value());
  caller.call();
  BOOST_TEST_REQUIRE(tracer.stop().has_value());
  std::vector<SyscallEvent> all;
  for (auto lot = tracer.take_events(); !lot.empty(); lot = tracer.take_events())
    all.insert(all.end(), lot.begin(), lot.end());
  BOOST_TEST_REQUIRE(all.size() == Caller::kGetppid + Caller::kFailedClose);
  BOOST_TEST(all.front().name == "getppid");
  BOOST_TEST(all.front().result.value() == ::getpid());
  BOOST_TEST(all.back().name == "close");
  BOOST_TEST(all.back().arguments == std::vector<std::string>{"-1"},
             boost::test_tools::per_element());
  BOOST_TEST(all.back().error == "EBADF");
  BOOST_TEST(all.back().pid == caller.pid());
  BOOST_TEST(std::is_sorted(all.begin(), all.end(),
                            [](const auto& a, const auto& b) { return a.time < b.time; }));
}

// What ends while paused is filtered, and counted as that.
BOOST_AUTO_TEST_CASE(pauses) {
  Caller caller;
  EbpfConfig config = tracing(caller);
  config.syscall.calls = {"getppid"};
  EbpfSyscallTracer tracer(std::move(config));
  BOOST_TEST_REQUIRE(tracer.start().has_value());
  caller.call();
  BOOST_TEST_REQUIRE(tracer.pause().has_value());
  caller.call();
  BOOST_TEST_REQUIRE(tracer.resume().has_value());
  caller.call();
  BOOST_TEST_REQUIRE(tracer.stop().has_value());
  BOOST_TEST(tracer.get_stats().syscalls_traced == 2 * Caller::kGetppid);
  BOOST_TEST(tracer.get_stats().filtered >= Caller::kGetppid);
  BOOST_TEST(tracer.get_stats().balanced());
}

// A snapshot reports what is new since the one before; together they are everything.
BOOST_AUTO_TEST_CASE(snapshots) {
  Caller caller;
  EbpfSyscallTracer tracer(tracing(caller));
  BOOST_TEST_REQUIRE(tracer.start().has_value());
  for (int i = 0; i < 3; ++i) {
    caller.call();
    const auto report = tracer.snapshot();
    BOOST_TEST_REQUIRE(report.has_value());
    BOOST_TEST(number(*table_of(*report, "syscall"), "getppid", "calls") == Caller::kGetppid);
  }
  BOOST_TEST(tracer.stop().has_value());
}

// Methods of a tracer that does not run say so.
BOOST_AUTO_TEST_CASE(not_running) {
  EbpfSyscallTracer tracer{EbpfConfig{}};
  BOOST_TEST(!tracer.is_running());
  BOOST_TEST(!tracer.stop().has_value());
  BOOST_TEST(!tracer.snapshot().has_value());
  BOOST_TEST(!tracer.pause().has_value());
  BOOST_TEST(tracer.take_events().empty());
  BOOST_TEST(tracer.get_stats().syscalls_traced == 0u);
}

// Two tracers of one process do not disturb each other.
BOOST_AUTO_TEST_CASE(independent_tracers) {
  Caller caller;
  EbpfConfig counting = tracing(caller);
  counting.syscall.latency = false;
  EbpfSyscallTracer one(tracing(caller));
  EbpfSyscallTracer two(std::move(counting));
  BOOST_TEST_REQUIRE(one.start().has_value());
  BOOST_TEST_REQUIRE(two.start().has_value());
  caller.call();
  const auto first = one.stop();
  caller.call();
  const auto second = two.stop();
  BOOST_TEST_REQUIRE(first.has_value());
  BOOST_TEST_REQUIRE(second.has_value());
  BOOST_TEST(number(*table_of(*first, "syscall"), "getppid", "calls") == Caller::kGetppid);
  BOOST_TEST(number(*table_of(*second, "syscall"), "getppid", "calls") == 2 * Caller::kGetppid);
}
