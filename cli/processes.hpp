// The processes of -p: checked before tracing and watched for their end.
#pragma once

#include <sonde/error.hpp>
#include <span>
#include <vector>

#include "util/unique_fd.hpp"

namespace sonde::cli {

/// ConfigError naming the pid if it is no process, or the process it belongs to if it is a thread.
Result<UniqueFd> open_process(int pid);

class ProcessWatch {
 public:
  static Result<ProcessWatch> open(std::span<const int> pids);

  /// Descriptors of those that still run; each is readable once its process has ended.
  std::span<const UniqueFd> running() const noexcept { return running_; }
  /// Forgets those that have ended. True if there were some to watch and now there is none.
  bool all_ended();

 private:
  explicit ProcessWatch(std::vector<UniqueFd> processes) : running_(std::move(processes)) {}

  std::vector<UniqueFd> running_;
  bool any_ended_ = false;
};

}  // namespace sonde::cli
