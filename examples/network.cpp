// Network tracing, as the v0.1 migration guide shows it: how many connections, and how much went
// through them.
#include <chrono>
#include <cstdio>
#include <thread>

#include <sonde/sonde.hpp>

int main() {
  sonde::EbpfNetworkTracer tracer(sonde::EbpfConfig{}.with_network_tracing(true));
  if (const auto started = tracer.start(); !started) {
    std::fprintf(stderr, "%s\n", started.error().message().c_str());
    return 1;
  }
  std::this_thread::sleep_for(std::chrono::seconds(1));
  if (const auto report = tracer.stop(); !report) {
    std::fprintf(stderr, "%s\n", report.error().message().c_str());
    return 1;
  }
  const sonde::NetworkStatistics statistics = tracer.get_stats();
  std::printf("%llu connections, %llu of them open; %llu bytes sent, %llu received\n",
              static_cast<unsigned long long>(statistics.total_connections),
              static_cast<unsigned long long>(statistics.active_connections),
              static_cast<unsigned long long>(statistics.bytes_sent),
              static_cast<unsigned long long>(statistics.bytes_received));
}
