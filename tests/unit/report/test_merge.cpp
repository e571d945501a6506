#include "report/merge.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using sonde::Report;
using sonde::report::merge;

namespace {

Report cpu_report() {
  Report report;
  report.header.command = "cpu";
  report.header.host = "host";
  report.header.target = "whole system";
  report.header.started = std::chrono::system_clock::time_point(2s);
  report.header.config = {{"duration_ns", std::int64_t{5}}, {"event", std::string("cycles")}};
  report.header.plan.push_back({"cpu", "sampling", "hook", {}, "", ""});
  report.sections.emplace_back(sonde::StackProfile{});
  report.summary.duration = 10s;
  report.summary.accounting.push_back({"cpu", 3, 3, 0, {}, 0, {}});
  sonde::Overhead& cost = report.summary.overhead;
  cost.user_cpu_ns = 100'000'000;
  cost.system_cpu_ns = 200'000'000;
  cost.bpf_ns = 300'000'000;
  cost.target_trap_ns = 400'000'000;
  cost.rss_bytes = 1000;
  cost.map_bytes = 30;
  cost.memory_bytes = 1030;
  cost.event_latency_us = 5;
  report.summary.notices = {"stopped"};
  return report;
}

Report syscall_report() {
  Report report = cpu_report();
  report.header.command = "syscall";
  report.header.started = std::chrono::system_clock::time_point(1s);
  report.header.config = {{"duration_ns", std::int64_t{5}}, {"trace", false}};
  report.header.plan.front().tracer = "syscall";
  report.sections = {sonde::Table{"syscall", "", {}, {}, {}}};
  report.summary.duration = 9s;
  report.summary.accounting.front().tracer = "syscall";
  report.summary.overhead.rss_bytes = 2000;
  report.summary.notices.clear();
  return report;
}

}  // namespace

// One report is not changed, and none gives an empty one.
BOOST_AUTO_TEST_CASE(one_or_none) {
  const Report one = merge({cpu_report()});
  BOOST_TEST(one.header.command == "cpu");
  BOOST_TEST(one.summary.costs.empty());
  BOOST_TEST(std::get<sonde::StackProfile>(one.sections.front()).tracer == "");
  BOOST_TEST(merge({}).header.command == "");
}

// Of two: one header, all sections and books, each cost and their sum.
BOOST_AUTO_TEST_CASE(two) {
  const Report both = merge({cpu_report(), syscall_report()});
  const sonde::ReportHeader& header = both.header;
  BOOST_TEST(header.command == "run");
  BOOST_TEST(header.host == "host");
  BOOST_TEST((header.started == std::chrono::system_clock::time_point(1s)));
  BOOST_TEST_REQUIRE(header.config.size() == 3u);
  BOOST_TEST(header.config[0].first == "duration_ns");
  BOOST_TEST(header.config[1].first == "cpu.event");
  BOOST_TEST(header.config[2].first == "syscall.trace");
  BOOST_TEST_REQUIRE(header.plan.size() == 2u);
  BOOST_TEST(header.plan[1].tracer == "syscall");
  BOOST_TEST_REQUIRE(both.sections.size() == 2u);
  BOOST_TEST(std::get<sonde::StackProfile>(both.sections[0]).tracer == "cpu");

  const sonde::ReportSummary& summary = both.summary;
  BOOST_TEST((summary.duration == 10s));
  BOOST_TEST_REQUIRE(summary.accounting.size() == 2u);
  BOOST_TEST(summary.accounting[1].tracer == "syscall");
  BOOST_TEST_REQUIRE(summary.costs.size() == 2u);
  BOOST_TEST(summary.costs[0].tracer == "cpu");
  BOOST_TEST(summary.costs[1].overhead.user_cpu_ns == 100'000'000u);
  BOOST_TEST(summary.overhead.user_cpu_ns == 200'000'000u);
  BOOST_TEST(summary.overhead.system_cpu_ns == 400'000'000u);
  BOOST_TEST(summary.overhead.bpf_ns.value() == 600'000'000u);
  BOOST_TEST(summary.overhead.target_trap_ns.value() == 800'000'000u);
  BOOST_TEST(summary.overhead.rss_bytes == 2000u);
  BOOST_TEST(summary.overhead.map_bytes == 60u);
  BOOST_TEST(summary.overhead.memory_bytes == 2060u);
  BOOST_TEST(!summary.overhead.event_latency_us.has_value());
  // 2 s of 10.
  BOOST_TEST(summary.overhead.cpu_percent == 20, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(summary.notices == std::vector<std::string>{"cpu: stopped"},
             boost::test_tools::per_element());
}

// What one of them could not measure is missing in the sum, in either order.
BOOST_AUTO_TEST_CASE(what_was_not_measured_is_not_summed) {
  Report unmeasured = cpu_report();
  unmeasured.summary.overhead.bpf_ns.reset();
  BOOST_TEST(!merge({unmeasured, syscall_report()}).summary.overhead.bpf_ns.has_value());
  BOOST_TEST(!merge({syscall_report(), unmeasured}).summary.overhead.bpf_ns.has_value());
}
