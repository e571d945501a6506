#include <sonde/report.hpp>

namespace sonde {

const char* to_string(FrameKind kind) noexcept {
  switch (kind) {
    case FrameKind::user:
      return "user";
    case FrameKind::kernel:
      return "kernel";
    case FrameKind::inlined:
      return "inline";
    case FrameKind::jit:
      return "jit";
    case FrameKind::unknown:
      return "unknown";
  }
  return "unknown";
}

const char* to_string(PlanEntry::State state) noexcept {
  switch (state) {
    case PlanEntry::State::primary:
      return "primary";
    case PlanEntry::State::fallback:
      return "fallback";
    case PlanEntry::State::missing:
      return "missing";
  }
  return "missing";
}

std::uint64_t Accounting::lost_total() const noexcept {
  std::uint64_t total = 0;
  for (const auto& [reason, count] : lost)
    total += count;
  return total;
}

std::uint64_t Accounting::truncated_total() const noexcept {
  std::uint64_t total = 0;
  for (const auto& [reason, count] : truncated)
    total += count;
  return total;
}

bool Accounting::balanced() const noexcept {
  return seen == reported + filtered + lost_total() + in_flight;
}

void Overhead::update_percent(std::chrono::nanoseconds duration) noexcept {
  if (duration.count() <= 0) return;
  const std::uint64_t spent =
      user_cpu_ns + system_cpu_ns + bpf_ns.value_or(0) + target_trap_ns.value_or(0);
  cpu_percent = 100.0 * static_cast<double>(spent) / static_cast<double>(duration.count());
}

}  // namespace sonde
