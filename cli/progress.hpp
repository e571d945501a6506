// The one line on a terminal that says that something is happening: elapsed time, events, losses.
#pragma once

#include <chrono>
#include <optional>
#include <sonde/accounting.hpp>
#include <string>

namespace sonde::cli {

class Progress {
 public:
  /// Shows nothing unless `wanted` and stderr is a terminal that can erase a line.
  explicit Progress(bool wanted);
  ~Progress() { erase(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  bool enabled() const noexcept { return enabled_; }
  void show(std::chrono::nanoseconds elapsed, std::optional<std::chrono::nanoseconds> whole,
            const Accounting& books);
  void erase();

 private:
  bool enabled_;
  bool shown_ = false;
};

/// "3s of 10s, 1234 events, 0 lost".
std::string progress_text(std::chrono::nanoseconds elapsed,
                          std::optional<std::chrono::nanoseconds> whole, const Accounting& books);

}  // namespace sonde::cli
