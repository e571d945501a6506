#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sonde::syscalls {

struct CallId {
  /// SONDE_ABI_*
  std::uint8_t abi = 0;
  std::uint32_t number = 0;

  friend auto operator<=>(const CallId&, const CallId&) = default;
};

/// "openat"; "i386:open" for a 32-bit call, "io_uring:read" for an operation, "syscall_999" for a
/// number without a name.
std::string call_name(CallId call);

/// Without a prefix; empty for a number without a name.
std::string_view bare_name(CallId call) noexcept;

/// By the bare name, without a prefix.
std::optional<std::uint32_t> call_number(std::uint8_t abi, std::string_view name) noexcept;

}  // namespace sonde::syscalls
