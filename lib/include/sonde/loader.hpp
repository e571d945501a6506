#pragma once

#include <string>
#include <vector>

#include <sonde/config.hpp>
#include <sonde/error.hpp>
#include <sonde/report.hpp>

namespace [[gnu::visibility("default")]] sonde {

/// What this machine offers to one check, for `sonde doctor` and for programs that decide before
/// they trace.
struct SystemCheck {
  std::string name;
  bool ok = false;
  /// What it gives, in a few words.
  std::string description;
  /// How to mend it; empty when ok.
  std::string fix;
};

struct SystemSupport {
  std::string kernel;
  std::vector<SystemCheck> checks;
  /// Every tracer's features with the hook that would be used.
  std::vector<PlanEntry> plan;
  /// False if no tracer could run; `problem` then says why and what to do.
  bool usable = false;
  std::string problem;
};

class EbpfLoader {
 public:
  /// Probes kernel features and privileges; attaches nothing and leaves nothing loaded. Takes
  /// milliseconds. ConfigError for an unknown name in EbpfConfig::disabled_features.
  static Result<SystemSupport> check_system_support(const EbpfConfig& config = {});
};

}  // namespace sonde
