// The flags that every tracing command shares, and what they, --env and --config come to.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <sonde/config.hpp>
#include <string>
#include <vector>

#include "target_options.hpp"

namespace CLI {
class App;
}

namespace sonde::cli {

/// What a tracing command was asked for, checked.
struct SessionRequest {
  EbpfConfig config;
  /// Empty: until COMMAND ends.
  std::optional<std::chrono::nanoseconds> duration;
  std::optional<std::chrono::nanoseconds> interval;
  bool fail_on_loss = false;
  /// Run the tracers that can start when others cannot.
  bool keep_going = false;
  /// The command that reports name; empty for the tracer's name.
  std::string command = {};
  /// Where settings come from, by their paths ("target.pids"): what is absent is a default.
  std::map<std::string, std::string, std::less<>> sources;
};

/// The flags as they were written.
struct SessionOptions {
  TargetOptions target;
  std::string duration;
  std::string interval;
  std::string environment;
  std::string config_file;
  std::string frequency;
  std::string max_samples;
  bool fail_on_loss = false;
  std::vector<std::string> no_features;
  /// The command takes samples: it has a rate, and a limit to their number.
  bool samples = true;
  /// The command may trace memory, whose sampling is part of what --env recommends.
  bool memory = false;

  void add_to(CLI::App& app);
  /// Precedence: defaults, then --env, then --config, then flags. ConfigError names the flag or the
  /// file.
  Result<SessionRequest> resolve(bool launches) const;

 private:
  Result<void> apply_environment(SessionRequest& request) const;
  Result<void> apply_file(SessionRequest& request) const;
  Result<void> apply_flags(SessionRequest& request) const;
};

/// What `rate` on `cpus` CPUs can take in `duration` (empty: for ever), within the limit of
/// max_samples.
std::uint64_t samples_needed(std::uint32_t rate, std::uint64_t cpus,
                             std::optional<std::chrono::nanoseconds> duration);

}  // namespace sonde::cli
