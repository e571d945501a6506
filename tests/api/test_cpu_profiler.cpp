#include <bpf/bpf.h>
#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <sonde/sonde.hpp>
#include "children.hpp"

using namespace sonde;
using namespace sonde::test;
using namespace std::chrono_literals;

namespace {

std::size_t open_descriptors() {
  std::size_t count = 0;
  DIR* const directory = ::opendir("/proc/self/fd");
  while (::readdir(directory) != nullptr)
    ++count;
  ::closedir(directory);
  return count;
}

// Ids of the BPF programs that this process holds open, as /proc/self/fdinfo shows them.
std::vector<__u32> own_programs() {
  std::vector<__u32> ids;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
    std::ifstream info(entry.path());
    for (std::string line; std::getline(info, line);) {
      if (line.starts_with("prog_id:"))
        ids.push_back(static_cast<__u32>(std::stoul(line.substr(8))));
    }
  }
  return ids;
}

bool is_loaded(__u32 id) {
  const int fd = ::bpf_prog_get_fd_by_id(id);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

// The kernel frees a program after an RCU grace period.
bool are_gone_soon(const std::vector<__u32>& ids) {
  for (int i = 0; i < 100; ++i) {
    if (std::none_of(ids.begin(), ids.end(), is_loaded)) return true;
    std::this_thread::sleep_for(20ms);
  }
  return false;
}

const StackProfile& profile_of(const Report& report) {
  return std::get<StackProfile>(report.sections.at(0));
}

std::uint64_t samples_in(const Report& report) {
  std::uint64_t total = 0;
  for (const Stack& stack : profile_of(report).stacks)
    total += stack.values.at(0);
  return total;
}

}  // namespace

// What is reported is in the profile, sample by sample, and the books balance with nothing left
// over.
BOOST_AUTO_TEST_CASE(profile_and_books_agree) {
  const Spinner spinner;
  EbpfCpuProfiler profiler(watching(spinner));
  BOOST_TEST_REQUIRE(profiler.start().has_value());
  BOOST_TEST(profiler.is_running());
  std::this_thread::sleep_for(600ms);
  const auto report = profiler.stop();
  BOOST_TEST_REQUIRE(report.has_value());
  BOOST_TEST(!profiler.is_running());
  const Accounting& books = report->summary.accounting.at(0);
  BOOST_TEST(books.balanced());
  BOOST_TEST(books.in_flight == 0u);
  BOOST_TEST(books.lost_total() == 0u);
  BOOST_TEST(books.reported > 0u);
  BOOST_TEST(samples_in(*report) == books.reported);
  for (const Stack& stack : profile_of(*report).stacks)
    BOOST_TEST(stack.pid == spinner.pid());
}

// Two profilers with configurations of their own run at once and do not share what they count.
BOOST_AUTO_TEST_CASE(two_at_once) {
  const Spinner a;
  const Spinner b;
  EbpfCpuProfiler first(watching(a));
  EbpfCpuProfiler second(watching(b).with_sample_rate(99));
  BOOST_TEST_REQUIRE(first.start().has_value());
  BOOST_TEST_REQUIRE(second.start().has_value());
  std::this_thread::sleep_for(600ms);
  const auto first_report = first.stop();
  const auto second_report = second.stop();
  BOOST_TEST_REQUIRE(first_report.has_value());
  BOOST_TEST_REQUIRE(second_report.has_value());
  for (const Stack& stack : profile_of(*first_report).stacks)
    BOOST_TEST(stack.pid == a.pid());
  for (const Stack& stack : profile_of(*second_report).stacks)
    BOOST_TEST(stack.pid == b.pid());
  BOOST_TEST(samples_in(*first_report) > samples_in(*second_report));
}

// Snapshots divide the samples among themselves: together they are what the books say was reported.
BOOST_AUTO_TEST_CASE(snapshots_add_up) {
  const Spinner spinner;
  EbpfCpuProfiler profiler(watching(spinner));
  BOOST_TEST_REQUIRE(profiler.start().has_value());
  std::uint64_t sum = 0;
  for (int i = 0; i < 5; ++i) {
    std::this_thread::sleep_for(150ms);
    const auto snapshot = profiler.snapshot();
    BOOST_TEST_REQUIRE(snapshot.has_value());
    BOOST_TEST(snapshot->summary.accounting.at(0).balanced());
    sum += samples_in(*snapshot);
  }
  const auto report = profiler.stop();
  BOOST_TEST_REQUIRE(report.has_value());
  BOOST_TEST(sum + samples_in(*report) == report->summary.accounting.at(0).reported);
}

// While paused, samples are counted as filtered and none is recorded.
BOOST_AUTO_TEST_CASE(pause_filters) {
  const Spinner spinner;
  EbpfCpuProfiler profiler(watching(spinner));
  BOOST_TEST_REQUIRE(profiler.start().has_value());
  BOOST_TEST_REQUIRE(profiler.pause().has_value());
  BOOST_TEST_REQUIRE(profiler.snapshot().has_value());  // empties what came before the pause
  const std::uint64_t filtered = profiler.get_stats().filtered;
  std::this_thread::sleep_for(300ms);
  BOOST_TEST(samples_in(profiler.snapshot().value()) == 0u);
  BOOST_TEST(profiler.get_stats().filtered > filtered);
  BOOST_TEST_REQUIRE(profiler.resume().has_value());
  std::this_thread::sleep_for(300ms);
  BOOST_TEST(samples_in(profiler.stop().value()) > 0u);
}

// Recording stops at max_samples, which each CPU may pass by one, and the report says so.
BOOST_AUTO_TEST_CASE(max_samples_is_honoured) {
  const Spinner spinner;
  EbpfCpuProfiler profiler(watching(spinner).with_max_samples(50));
  BOOST_TEST_REQUIRE(profiler.start().has_value());
  std::this_thread::sleep_for(600ms);
  BOOST_TEST(profiler.limit_reached());
  const auto report = profiler.stop();
  BOOST_TEST_REQUIRE(report.has_value());
  const std::uint64_t cpus = std::thread::hardware_concurrency();
  BOOST_TEST(samples_in(*report) >= 50u);
  BOOST_TEST(samples_in(*report) < 50u + cpus);
  BOOST_TEST(report->summary.accounting.at(0).balanced());
  BOOST_TEST_REQUIRE(report->summary.notices.size() == 1u);
  BOOST_TEST(report->summary.notices[0].find("50 samples reached") != std::string::npos);
}

// Nothing stays behind, whether a profiler was stopped, destroyed while running, or failed to
// start.
BOOST_AUTO_TEST_CASE(leaves_nothing) {
  const Spinner spinner;
  {
    BOOST_TEST(EbpfCpuProfiler(watching(spinner)).start().has_value());
  }  // whatever the process opens once, such as locales
  const std::size_t descriptors = open_descriptors();
  std::vector<__u32> programs;
  const auto note_programs = [&] {
    for (const __u32 id : own_programs())
      programs.push_back(id);
  };
  for (int i = 0; i < 5; ++i) {
    EbpfCpuProfiler stopped(watching(spinner));
    BOOST_TEST_REQUIRE(stopped.start().has_value());
    note_programs();
    BOOST_TEST(stopped.stop().has_value());
    EbpfCpuProfiler destroyed(watching(spinner));
    BOOST_TEST_REQUIRE(destroyed.start().has_value());
    note_programs();
    EbpfConfig impossible = watching(spinner);
    impossible.target.pids = {0x3ffffff};
    BOOST_TEST(!EbpfCpuProfiler(impossible).start().has_value());
  }
  BOOST_TEST(open_descriptors() == descriptors);
  BOOST_TEST(programs.size() >= 10u);
  BOOST_TEST(are_gone_soon(programs));
}

// A running profiler can be moved; what it was moved from can only be destroyed or assigned.
BOOST_AUTO_TEST_CASE(moves_while_running) {
  const Spinner spinner;
  EbpfCpuProfiler first(watching(spinner));
  BOOST_TEST_REQUIRE(first.start().has_value());
  EbpfCpuProfiler second(std::move(first));
  std::this_thread::sleep_for(200ms);
  BOOST_TEST(second.is_running());
  const auto report = second.stop();
  BOOST_TEST_REQUIRE(report.has_value());
  BOOST_TEST(samples_in(*report) > 0u);
}

// Calls out of order are errors that leave the object usable.
BOOST_AUTO_TEST_CASE(calls_out_of_order) {
  const Spinner spinner;
  EbpfCpuProfiler profiler(watching(spinner));
  BOOST_TEST(!profiler.stop().has_value());
  BOOST_TEST(!profiler.pause().has_value());
  BOOST_TEST(!profiler.snapshot().has_value());
  BOOST_TEST(profiler.get_duration().count() == 0);
  BOOST_TEST_REQUIRE(profiler.start().has_value());
  BOOST_TEST(!profiler.start().has_value());
  BOOST_TEST(profiler.stop().has_value());
  BOOST_TEST(!profiler.stop().has_value());
  BOOST_TEST(!profiler.start().has_value());
}

// An invalid configuration is refused before anything is loaded.
BOOST_AUTO_TEST_CASE(invalid_configuration) {
  const auto started = EbpfCpuProfiler(EbpfConfig{}.with_sample_rate(0)).start();
  BOOST_TEST_REQUIRE(!started.has_value());
  BOOST_TEST((started.error().code == ErrorCode::ConfigError));
}

// The cost is stated: maps and resident memory are known, and the time in BPF programs was
// measured.
BOOST_AUTO_TEST_CASE(overhead_is_measured) {
  const Spinner spinner;
  EbpfCpuProfiler profiler(watching(spinner));
  BOOST_TEST_REQUIRE(profiler.start().has_value());
  std::this_thread::sleep_for(500ms);
  const auto report = profiler.stop();
  BOOST_TEST_REQUIRE(report.has_value());
  const Overhead& cost = report->summary.overhead;
  BOOST_TEST(cost.map_bytes > 0u);
  BOOST_TEST(cost.memory_bytes == cost.rss_bytes + cost.map_bytes);
  BOOST_TEST_REQUIRE(cost.bpf_ns.has_value());
  BOOST_TEST(*cost.bpf_ns > 0u);
  BOOST_TEST(cost.cpu_percent > 0);
}
