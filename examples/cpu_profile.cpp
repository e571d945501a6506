// CPU profiling, as the v0.1 migration guide shows it: configure, start, stop, look at the profile.
#include <chrono>
#include <cstdio>
#include <thread>
#include <variant>

#include <sonde/sonde.hpp>

int main(int argc, char** argv) {
  using namespace std::chrono_literals;
  const auto config = sonde::EbpfConfig{}.with_sample_rate(99).with_duration(60s);
  sonde::EbpfCpuProfiler profiler(config);
  if (const auto started = profiler.start(); !started) {
    std::fprintf(stderr, "%s\n", started.error().message().c_str());
    return 1;
  }
  // Any argument: half a second instead of the minute.
  std::this_thread::sleep_for(argc > 1 ? 500ms : config.duration);
  const auto report = profiler.stop();
  if (!report) {
    std::fprintf(stderr, "%s: %s\n", argv[0], report.error().message().c_str());
    return 1;
  }

  const auto& profile = std::get<sonde::StackProfile>(report->sections.at(0));
  for (const sonde::Stack& stack : profile.stacks) {
    const auto& leaf = profile.frames[stack.frames.at(0)];
    std::printf("%6llu %s in %s\n", static_cast<unsigned long long>(stack.values[0]),
                leaf.name.c_str(), stack.comm.c_str());
  }
  const sonde::Accounting books = profiler.get_stats();
  std::printf("seen %llu = reported %llu + filtered %llu + lost %llu + in flight %llu\n",
              static_cast<unsigned long long>(books.seen),
              static_cast<unsigned long long>(books.reported),
              static_cast<unsigned long long>(books.filtered),
              static_cast<unsigned long long>(books.lost_total()),
              static_cast<unsigned long long>(books.in_flight));
}
