// The one error type of the library. Nothing throws, prints or exits: every fallible call returns
// Result<T>.
#pragma once

#include <string>
#include <tl/expected.hpp>

namespace [[gnu::visibility("default")]] sonde {

enum class ErrorCode {
  UnsupportedPlatform,
  InsufficientPermissions,
  IncompatibleKernel,
  LoadFailed,
  AttachFailed,
  MapOperationFailed,
  EventProcessingFailed,
  ConfigError,
  OutputFailed,
};

/// Name of the enumerator, such as "InsufficientPermissions".
const char* to_string(ErrorCode code) noexcept;

struct Error {
  ErrorCode code = ErrorCode::EventProcessingFailed;
  /// errno of the failed call, or 0 when no system call failed.
  int sys_errno = 0;
  /// Operation and object, such as "attach tp_btf/sched_process_fork".
  std::string what;
  /// What the user can do about it, as a sentence; empty if nothing is known to help.
  std::string hint;
  /// Evidence for a bug report, such as the verifier's log; may span lines, may be empty.
  std::string detail;

  /// One line: what, the errno's text if there is one, then the hint.
  std::string message() const;
};

template <class T>
using Result = tl::expected<T, Error>;

}  // namespace sonde
