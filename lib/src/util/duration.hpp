#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <sonde/error.hpp>

namespace sonde {

/// "500ms", "10s", "1.5m", "2h", "250us", "10ns"; a plain number is seconds. ConfigError on
/// anything else, a negative value or one over 100 years; zero parses.
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// The shortest exact spelling that parse_duration reads back: "500ms", "90s", "5m".
std::string format_duration(std::chrono::nanoseconds value);

}  // namespace sonde
