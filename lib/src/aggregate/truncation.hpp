// Why a stack is incomplete, as the books name it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "stack_event.h"

namespace sonde::aggregate {

struct Truncation {
  std::uint32_t flag;  // SONDE_STACK_*
  const char* reason;
  /// Only where stacks are unwound by call frame information.
  bool by_cfi;
};

inline constexpr std::array<Truncation, 7> kTruncations = {{
    {SONDE_STACK_KERNEL_DEPTH, "kernel_depth", false},
    {SONDE_STACK_USER_DEPTH, "depth", false},
    {SONDE_STACK_USER_FAILED, "unreadable_stack", false},
    {SONDE_STACK_USER_NO_CFI, "no_cfi", true},
    {SONDE_STACK_USER_NO_MAPPING, "unknown_mapping", true},
    {SONDE_STACK_USER_LOST_REGISTER, "lost_register", true},
    {SONDE_STACK_USER_NO_TABLE_YET, "no_table_yet", true},
}};

/// Adds `count` to each reason that `flags` has.
inline void add_truncated(std::uint32_t flags, std::uint64_t count,
                          std::map<std::string, std::uint64_t>& counts) {
  for (const Truncation& truncation : kTruncations) {
    if ((flags & truncation.flag) != 0) counts[truncation.reason] += count;
  }
}

}  // namespace sonde::aggregate
