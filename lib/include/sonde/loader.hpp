#pragma once

#include <string>
#include <vector>

#include <sonde/config.hpp>
#include <sonde/error.hpp>
#include <sonde/report.hpp>

namespace sonde {

/// What this machine offers to one check, for `sonde doctor` and for programs that decide before they trace.
struct SystemCheck {
  std::string name;
  bool ok = false;
  /// What was found, such as "CAP_BPF: yes".
  std::string found;
  /// How to mend it; empty when ok.
  std::string fix;
};

struct SystemSupport {
  std::string kernel;
  std::vector<SystemCheck> checks;
  /// Every tracer's features with the hook that would be used.
  std::vector<PlanEntry> plan;
  /// False if a tracer could not run at all.
  bool usable = false;
};

class EbpfLoader {
 public:
  /// Probes kernel features and privileges; attaches nothing and leaves nothing loaded. Takes milliseconds.
  static SystemSupport check_system_support(const EbpfConfig& config = {});
};

}  // namespace sonde
