// What became of the call frame information of one file: nothing that is left out is left
// uncounted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sonde::unwind {

/// Why an FDE gave no rows. Its addresses are then without call frame information.
enum class FdeProblem : std::uint8_t {
  Damaged,          ///< cut off, or a number out of range
  Version,          ///< of its CIE, unknown
  Augmentation,     ///< of its CIE, unknown
  NoCie,            ///< it names none that stands before it
  ReturnRegister,   ///< its CIE has another than x86-64 has
  PointerEncoding,  ///< one whose value only the running process has
  Instruction,      ///< unknown, or without meaning where it stands
  OutsideCode,      ///< of addresses that no executable segment holds
};
constexpr std::size_t kFdeProblems = 8;

/// Why an instruction's frame cannot be unwound although an FDE covers it.
enum class NoCfiReason : std::uint8_t {
  CfaMissing,
  CfaExpression,
  ReturnAddressRule,
  RbpRule,
  RspRule,
  OffsetRange,     ///< an offset that a dictionary entry cannot hold
  DictionaryFull,  ///< see UNWIND_DICTIONARY_MAX
};
constexpr std::size_t kNoCfiReasons = 7;

const char* to_string(FdeProblem problem) noexcept;
const char* to_string(NoCfiReason reason) noexcept;

struct UnwindStatistics {
  std::uint64_t fdes = 0;         ///< that gave rows
  std::uint64_t rows = 0;         ///< of the table
  std::uint64_t no_cfi_rows = 0;  ///< among them, as are the next four
  std::uint64_t end_rows = 0;
  std::uint64_t signal_rows = 0;
  std::uint64_t plt_rows = 0;
  std::uint64_t dictionary_rows = 0;
  std::uint64_t gaps = 0;  ///< between FDEs, long enough to get a row
  std::uint64_t truncated_sections = 0;
  std::array<std::uint64_t, kFdeProblems> unusable_fdes = {};
  /// States of frame programs, before rows that say the same are merged.
  std::array<std::uint64_t, kNoCfiReasons> no_cfi_states = {};

  void count(FdeProblem problem) noexcept { ++unusable_fdes[static_cast<std::size_t>(problem)]; }
  void count(NoCfiReason reason) noexcept { ++no_cfi_states[static_cast<std::size_t>(reason)]; }
};

}  // namespace sonde::unwind
