#include "config/cpu_event.hpp"

#include <fmt/format.h>

#include <array>

#include "util/fail.hpp"
#include "util/similar.hpp"

namespace sonde::config {

std::string_view to_string(CpuEvent event) noexcept {
  switch (event) {
    case CpuEvent::automatic:
      return "auto";
    case CpuEvent::cpu_clock:
      return "cpu-clock";
    case CpuEvent::cycles:
      return "cycles";
  }
  return "auto";
}

Result<CpuEvent> parse_cpu_event(std::string_view name) {
  constexpr std::array kEvents = {CpuEvent::automatic, CpuEvent::cpu_clock, CpuEvent::cycles};
  std::array<std::string_view, kEvents.size()> names;
  for (std::size_t i = 0; i < kEvents.size(); ++i) {
    names[i] = to_string(kEvents[i]);
    if (names[i] == name) return kEvents[i];
  }
  return fail(ErrorCode::ConfigError,
              fmt::format("unknown event '{}'{}", name, did_you_mean(name, names)),
              "The events are auto, cpu-clock and cycles");
}

}  // namespace sonde::config
