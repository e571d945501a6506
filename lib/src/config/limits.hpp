// The ranges of the settings, in one place for validate(), the JSON reader and the command line.
#pragma once

#include <cstdint>
#include <string_view>

#include <sonde/error.hpp>

namespace sonde::config {

struct Range {
  std::uint64_t least;
  std::uint64_t most;
};

inline constexpr Range kSampleRate{1, 1'000};
inline constexpr Range kMaxSamples{1, 10'000'000};
/// Of a buffer's contents in a live trace.
inline constexpr Range kStringBytes{0, 4'096};
inline constexpr Range kTableBytes{std::uint64_t{64} << 10, std::uint64_t{1} << 30};
inline constexpr Range kEventCapacity{1, std::uint64_t{1} << 24};
inline constexpr Range kMaxStacks{0, 10'000'000};
inline constexpr Range kMaxConnections{1, 10'000'000};
inline constexpr Range kPort{1, 65'535};
inline constexpr Range kRingBytes{4'096, std::uint64_t{1} << 30};
/// Mean distance between samples of memory.
inline constexpr Range kSampleBytes{1, std::uint64_t{1} << 30};
/// Of max_overhead_percent.
inline constexpr double kMostPercent = 1'000'000;

/// Of a duration written as an object; a hundred years, as parse_duration() allows.
inline constexpr Range kSeconds{0, std::uint64_t{100} * 365 * 86'400};
inline constexpr Range kNanos{0, 999'999'999};

/// ConfigError "<name> is 5000, but must be from 1 to 1000" for a value outside the range.
Result<void> check_range(std::string_view name, std::uint64_t value, Range range);

}  // namespace sonde::config
