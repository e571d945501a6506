#include "flag_values.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "arguments.hpp"
#include "util/duration.hpp"
#include "util/fail.hpp"

namespace sonde::cli {
namespace {

// The bits by which a unit's letter shifts a number, or -1.
int shift_of(std::string_view unit) {
  if (unit.empty()) return 0;
  if (unit == "K") return 10;
  if (unit == "M") return 20;
  return unit == "G" ? 30 : -1;
}

}  // namespace

Result<std::chrono::nanoseconds> parse_time(std::string_view flag, std::string_view text) {
  const auto time = parse_duration(text);
  if (!time) return for_flag(flag, time.error());
  if (time->count() == 0) {
    return fail(ErrorCode::ConfigError, fmt::format("{}: must be above zero", flag));
  }
  return *time;
}

Result<std::uint64_t> parse_count(std::string_view flag, std::string_view text,
                                  config::Range range) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (rest != end || error == std::errc::invalid_argument) {
    return fail(ErrorCode::ConfigError, fmt::format("{}: '{}' is not a whole number from {} to {}",
                                                    flag, text, range.least, range.most));
  }
  if (error == std::errc::result_out_of_range) value = UINT64_MAX;
  if (auto checked = config::check_range(flag, value, range); !checked) {
    return tl::unexpected(std::move(checked.error()));
  }
  return value;
}

Result<std::uint64_t> parse_size(std::string_view flag, std::string_view text,
                                 config::Range range) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  const int shift = shift_of({rest, static_cast<std::size_t>(end - rest)});
  if (error == std::errc::invalid_argument || shift < 0) {
    return fail(ErrorCode::ConfigError, fmt::format("{}: '{}' is not a size", flag, text),
                "Write a number of bytes, or one with K, M or G, such as 64K");
  }
  const bool overflows = error == std::errc::result_out_of_range || value > (UINT64_MAX >> shift);
  value = overflows ? UINT64_MAX : value << shift;
  if (auto checked = config::check_range(flag, value, range); !checked) {
    return tl::unexpected(std::move(checked.error()));
  }
  return value;
}

Result<std::vector<std::string>> split_lists(std::string_view flag,
                                             const std::vector<std::string>& texts) {
  std::vector<std::string> words;
  for (const std::string_view list : texts) {
    std::string_view rest = list;
    while (true) {
      const auto comma = rest.find(',');
      const std::string_view word = rest.substr(0, comma);
      if (word.empty()) {
        return fail(ErrorCode::ConfigError, fmt::format("{}: an empty name in '{}'", flag, list));
      }
      words.emplace_back(word);
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return words;
}

}  // namespace sonde::cli
