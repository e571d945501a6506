#pragma once

#include <sonde/config.hpp>
#include <string>
#include <string_view>

#include "unwind_flags.hpp"

namespace CLI {
class App;
}

namespace sonde::cli {

/// The flags of `sonde mem` as they were written.
struct MemFlags {
  static constexpr std::string_view kTracer = "mem";

  bool kernel = false;
  UnwindFlags unwind;
  bool alloc = false;
  bool live = false;
  std::string sample_bytes;
  bool page_faults = false;
  bool no_page_faults = false;
  std::string max_stacks;
  std::string older_than;
  std::string max_overhead;

  void add_to(CLI::App& app);
  /// What was given replaces that setting of `config`. ConfigError names the flag.
  Result<void> apply(EbpfConfig& config) const;
};

}  // namespace sonde::cli
