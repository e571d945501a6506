// Where the tracers would put a breakpoint into a function, and what it would cost there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sonde/config.hpp>
#include <sonde/error.hpp>

namespace [[gnu::visibility("default")]] sonde {

struct ProbeSite {
  enum class Probe { entry, return_ };
  Probe probe = Probe::entry;
  /// The function's symbol.
  std::string function;
  /// Bytes from the function's entry to the breakpoint.
  std::uint64_t from_entry_bytes = 0;
  /// Where in the file the breakpoint is.
  std::uint64_t file_offset = 0;
  /// The instruction there, in AT&T syntax.
  std::string instruction;
  /// Whether the kernel emulates it; if not, it executes it in a single step.
  bool emulated = false;
  /// What a hit at the function's entry costs the thread before any program of ours, measured on
  /// the calling process; empty if it could not be measured, and for return probes.
  std::optional<double> cost_ns;
};

struct ProbeSites {
  std::vector<ProbeSite> sites;
  /// Why there are no costs; empty if there are.
  std::string problem;
};

/// The sites for the functions of this name in an ELF file; several if it has static functions of
/// the same name. Needs permission to read the file, and root or CAP_BPF and CAP_PERFMON for the
/// costs; takes some 100 ms. Of `config` only disabled_features counts. ConfigError for a file that
/// cannot be read or has no such function and for an unknown feature, UnsupportedPlatform for code
/// that is not x86-64. Thread-safe.
Result<ProbeSites> find_probe_sites(const std::string& binary, const std::string& function,
                                    const EbpfConfig& config = {});

}  // namespace sonde
