#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include <sonde/error.hpp>
#include "syscall_event.h"

namespace sonde::syscalls {

/// Which calls are wanted.
struct Selection {
  /// A bit for each number, by ABI.
  std::array<std::array<std::uint64_t, SONDE_CALL_NUMBERS / 64>, SONDE_ABI_COUNT> numbers{};
  /// Numbers beyond.
  bool others = false;
  /// Every call: nothing needs to be looked up.
  bool everything = false;

  bool has(std::uint8_t abi, std::uint32_t number) const noexcept;
};

/// Each expression is a list with commas of names ("openat"), classes ("%file"), operations
/// ("io_uring:read", "%io_uring") and "all"; a '!' in front of an expression takes all of its list
/// away, in the order in which expressions stand. A first expression that takes away begins from
/// everything; no expression is everything. ConfigError with a did-you-mean.
Result<Selection> parse_selection(std::span<const std::string> expressions);

}  // namespace sonde::syscalls
