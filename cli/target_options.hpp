#pragma once

#include <sonde/config.hpp>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace sonde::cli {

/// -p, --comm, --cgroup, --container as they were written.
struct TargetOptions {
  std::vector<std::string> pids;
  std::string comm;
  std::string cgroup;
  std::string container;

  void add_to(CLI::App& app);
  /// Each flag that was given replaces that criterion of `target`. ConfigError names the flag.
  Result<void> apply(Target& target) const;
};

}  // namespace sonde::cli
