// What a process allocates, and what it gives back, as it does: one of some allocations, sampled by
// their bytes.
#include <poll.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <sonde/sonde.hpp>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "Usage: allocations PID\n");
    return 2;
  }
  sonde::EbpfConfig config;
  config.target.pids = {std::atoi(argv[1])};
  config.memory.alloc = config.memory.live = true;
  config.memory.sample_bytes = 4096;
  config.memory.max_overhead_percent = 0;  // without a limit, for a second
  config.events.enabled = true;
  sonde::EbpfMemoryTracer tracer(config);
  if (const auto started = tracer.start(); !started) {
    std::fprintf(stderr, "%s\n", started.error().message().c_str());
    return 1;
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  pollfd waiting{tracer.get_events_fd(), POLLIN, 0};
  while (std::chrono::steady_clock::now() < end && ::poll(&waiting, 1, 1000) > 0) {
    for (const sonde::EbpfEvent& event : tracer.take_events()) {
      if (const auto* const given = event.get_if<sonde::MemoryAlloc>()) {
        std::printf("%s gave %llu bytes\n", given->function.c_str(),
                    static_cast<unsigned long long>(given->bytes));
      } else if (const auto* const taken = event.get_if<sonde::MemoryFree>()) {
        std::printf("%s took %llu bytes back\n", taken->function.c_str(),
                    static_cast<unsigned long long>(taken->bytes.value_or(0)));
      }
    }
  }
  if (const auto report = tracer.stop(); !report) {
    std::fprintf(stderr, "%s\n", report.error().message().c_str());
    return 1;
  }
  const sonde::MemoryStatistics statistics = tracer.get_stats();
  std::printf("%llu allocations, %llu bytes; about %llu bytes of them were kept\n",
              static_cast<unsigned long long>(statistics.allocations.value_or(0)),
              static_cast<unsigned long long>(statistics.allocated_bytes.value_or(0)),
              static_cast<unsigned long long>(statistics.live_bytes.value_or(0)));
}
