#pragma once

#include <span>
#include <string_view>

namespace sonde::syscalls {

/// Calls that users want together, under the names that strace gave them.
struct CallClass {
  /// Without the '%'.
  std::string_view name;
  /// Bare names; one that an ABI does not have is no error.
  std::span<const std::string_view> calls;
};

std::span<const CallClass> call_classes() noexcept;

}  // namespace sonde::syscalls
