#pragma once

#include <cstdint>
#include <ctime>
#include <string>

namespace sonde::render {

/// Times of day in the local time zone. Consecutive calls within a second are cheap, since rows
/// come by the hundred thousand.
class LocalTime {
 public:
  /// Appends "HH:MM:SS.uuuuuu"; `nanoseconds` is since the Unix epoch.
  void append(std::string& out, std::int64_t nanoseconds);

 private:
  bool known_ = false;
  std::time_t second_ = 0;
  std::string text_;
};

}  // namespace sonde::render
