// The spelling of CpuEvent in flags and files.
#pragma once

#include <sonde/config.hpp>
#include <string_view>
#include <vector>

namespace sonde::config {

/// "auto", "cpu-clock" or "cycles".
std::string_view to_string(CpuEvent event) noexcept;

/// ConfigError with a did-you-mean for any other name.
Result<CpuEvent> parse_cpu_event(std::string_view name);
std::vector<std::string_view> cpu_event_names();

}  // namespace sonde::config
