#include <boost/test/unit_test.hpp>
#include <string>
#include <thread>

#include <sonde/sonde.hpp>

using namespace sonde;
using namespace std::chrono_literals;

namespace {

template <class Tracer>
void check_prepared() {
  Tracer tracer{EbpfConfig()};
  BOOST_TEST(tracer.get_header().plan.empty());
  BOOST_TEST_REQUIRE(tracer.prepare().has_value());
  BOOST_TEST(!tracer.is_running());
  std::this_thread::sleep_for(100ms);
  BOOST_TEST(tracer.get_stats().seen == 0u);
  BOOST_TEST(tracer.stop().error().message().find("not running") != std::string::npos);
  const auto again = tracer.prepare();
  BOOST_TEST_REQUIRE(!again.has_value());
  BOOST_TEST(again.error().what == "prepare a tracer that was prepared before");

  BOOST_TEST_REQUIRE(tracer.start().has_value());
  BOOST_TEST(tracer.is_running());
  const ReportHeader header = tracer.get_header();
  BOOST_TEST(!header.plan.empty());
  BOOST_TEST(!header.kernel.empty());
  const auto report = tracer.stop();
  BOOST_TEST_REQUIRE(report.has_value());
  BOOST_TEST(report->header.plan.size() == header.plan.size());
  BOOST_TEST(tracer.start().error().what == "start a tracer that was started before");
}

}  // namespace

// A prepared tracer has nothing attached; it is started once, and prepared once.
BOOST_AUTO_TEST_CASE(cpu_profiler_is_prepared_then_started) {
  check_prepared<EbpfCpuProfiler>();
}

// The same of the tracer of system calls.
BOOST_AUTO_TEST_CASE(syscall_tracer_is_prepared_then_started) {
  check_prepared<EbpfSyscallTracer>();
}

// What is wrong is found out by prepare() as by start(), and the tracer can try again.
BOOST_AUTO_TEST_CASE(errors_are_those_of_start) {
  EbpfCpuProfiler profiler(EbpfConfig().with_sample_rate(0));
  const auto prepared = profiler.prepare();
  BOOST_TEST_REQUIRE(!prepared.has_value());
  BOOST_TEST(profiler.start().error().what == prepared.error().what);
  BOOST_TEST(profiler.prepare().error().what == prepared.error().what);
}

// A tracer that was prepared and not started leaves without a trace.
BOOST_AUTO_TEST_CASE(destroyed_while_prepared) {
  EbpfSyscallTracer tracer{EbpfConfig()};
  BOOST_TEST_REQUIRE(tracer.prepare().has_value());
}
