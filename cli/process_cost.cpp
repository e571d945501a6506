#include "process_cost.hpp"

#include <sys/resource.h>

#include <charconv>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

namespace sonde::cli {
namespace {

std::uint64_t nanoseconds(const timeval& time) {
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(time.tv_usec) * 1'000u;
}

// VmHWM of /proc/self/status, in bytes; 0 if it cannot be read. ru_maxrss will not do: it keeps the
// size of the program that called exec.
std::uint64_t largest_resident_bytes() {
  constexpr std::string_view kKey = "VmHWM:";
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(kKey)) continue;
    const std::size_t digits = line.find_first_of("0123456789");
    std::uint64_t kilobytes = 0;
    if (digits == std::string::npos) return 0;
    std::from_chars(line.data() + digits, line.data() + line.size(), kilobytes);
    return kilobytes * 1024;
  }
  return 0;
}

}  // namespace

void charge_whole_process(ReportSummary& summary) {
  Overhead& cost = summary.overhead;
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0) {
    cost.user_cpu_ns = nanoseconds(usage.ru_utime);
    cost.system_cpu_ns = nanoseconds(usage.ru_stime);
  }
  if (const std::uint64_t resident = largest_resident_bytes(); resident != 0) {
    cost.rss_bytes = resident;
    cost.memory_bytes = cost.rss_bytes + cost.map_bytes;
  }
  cost.update_percent(summary.duration);
}

}  // namespace sonde::cli
