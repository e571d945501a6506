#pragma once

#include <sonde/config.hpp>
#include <string>
#include <string_view>

#include "unwind_flags.hpp"

namespace CLI {
class App;
}

namespace sonde::cli {

/// The flags of `sonde cpu` as they were written.
struct CpuFlags {
  static constexpr std::string_view kTracer = "cpu";

  std::string event;
  UnwindFlags unwind;
  bool user = false;
  bool kernel = false;

  void add_to(CLI::App& app);
  /// What was given replaces that setting of `config`. ConfigError names the flag.
  Result<void> apply(EbpfConfig& config) const;
};

}  // namespace sonde::cli
