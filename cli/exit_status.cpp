#include "exit_status.hpp"

#include <sys/wait.h>

#include <cerrno>

namespace sonde::cli {

int exit_status_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::UnsupportedPlatform:
    case ErrorCode::InsufficientPermissions:
    case ErrorCode::IncompatibleKernel:
      return kUnsupported;
    case ErrorCode::ConfigError:
      return kUsage;
    case ErrorCode::LoadFailed:
    case ErrorCode::AttachFailed:
    case ErrorCode::MapOperationFailed:
    case ErrorCode::EventProcessingFailed:
    case ErrorCode::OutputFailed:
      return kFailed;
  }
  return kFailed;
}

int exit_status_of_start_failure(int sys_errno) noexcept {
  return sys_errno == ENOENT || sys_errno == ENOTDIR ? kNotFound : kNotExecutable;
}

int exit_status_of_signal(int signal) noexcept {
  return 128 + signal;
}

int exit_status_of_child(int wait_status) noexcept {
  return WIFSIGNALED(wait_status) ? exit_status_of_signal(WTERMSIG(wait_status))
                                  : WEXITSTATUS(wait_status);
}

}  // namespace sonde::cli
