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
#include "children.hpp"

using namespace sonde;
using namespace sonde::test;

namespace {

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
  std::vector<EbpfEvent> all;
  for (auto lot = tracer.take_events(); !lot.empty(); lot = tracer.take_events())
    all.insert(all.end(), lot.begin(), lot.end());
  BOOST_TEST_REQUIRE(all.size() == Caller::kGetppid + Caller::kFailedClose);
  const auto* const first = all.front().get_if<Syscall>();
  const auto* const last = all.back().get_if<Syscall>();
  BOOST_TEST_REQUIRE((first != nullptr && last != nullptr));
  BOOST_TEST(first->name == "getppid");
  BOOST_TEST(first->result.value() == ::getpid());
  BOOST_TEST(last->name == "close");
  BOOST_TEST(last->arguments == std::vector<std::string>{"-1"}, boost::test_tools::per_element());
  BOOST_TEST(last->error == "EBADF");
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
