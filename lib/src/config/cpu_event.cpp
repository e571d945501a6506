#include "config/cpu_event.hpp"

#include "config/choice.hpp"

namespace sonde::config {
namespace {

constexpr Choices<CpuEvent, 3> kEvents = {{{"auto", CpuEvent::automatic},
                                           {"cpu-clock", CpuEvent::cpu_clock},
                                           {"cycles", CpuEvent::cycles}}};

}  // namespace

std::string_view to_string(CpuEvent event) noexcept {
  return name_of_choice(kEvents, event);
}

Result<CpuEvent> parse_cpu_event(std::string_view name) {
  return parse_choice(kEvents, "event", name);
}

std::vector<std::string_view> cpu_event_names() {
  return names_of_choices(kEvents);
}

}  // namespace sonde::config
