#pragma once

#include <sonde/config.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "unwind_flags.hpp"

namespace CLI {
class App;
}

namespace sonde::cli {

/// The flags of `sonde syscall` as they were written.
struct SyscallFlags {
  static constexpr std::string_view kTracer = "syscall";

  std::vector<std::string> calls;
  std::vector<std::string> errors;
  std::vector<std::string> by;
  std::string min_latency;
  std::string string_bytes;
  std::string weight;
  std::string ring_bytes;
  bool failed = false;
  bool count = false;
  bool error_table = false;
  bool histogram = false;
  bool trace = false;
  UnwindFlags unwind;

  void add_to(CLI::App& app);
  /// What was given replaces that setting of `config`. ConfigError names the flag.
  Result<void> apply(EbpfConfig& config) const;

 private:
  Result<void> apply_selection(SyscallOptions& options) const;
  Result<void> apply_sizes(SyscallOptions& options) const;
  Result<void> check(const SyscallOptions& options) const;
};

}  // namespace sonde::cli
