#pragma once

#include <memory>

#include <sonde/config.hpp>
#include <sonde/syscall_tracer.hpp>
#include "core/features.hpp"
#include "core/tracer.hpp"
#include "tracers/target_filter.hpp"

namespace sonde::tracers {

/// The system call tracer behind EbpfSyscallTracer.
class SyscallTracer : public core::Tracer {
 public:
  /// Different calls in the rows and events so far.
  virtual std::uint64_t unique_calls() const noexcept = 0;
  /// Calls in the rows and events so far that failed.
  virtual std::uint64_t failed_calls() const noexcept = 0;
};

/// ConfigError for names of calls or errors that do not exist.
Result<void> check_syscall_options(const SyscallOptions& options);

/// `config` is valid. ConfigError for names of calls or errors that do not exist.
Result<std::unique_ptr<SyscallTracer>> make_syscall_tracer(const EbpfConfig& config,
                                                           const core::FeatureSet& features,
                                                           const TargetFilter& filter);

}  // namespace sonde::tracers
