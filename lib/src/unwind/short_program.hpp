// The frame programs that compilers write: the CFA is rsp or rbp and a multiple of 8, and of the
// registers only rbp has a place that matters. Nearly all are such, and they run several times
// faster on the rule itself than on a CfiState.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "unwind/cfi_entries.hpp"
#include "unwind/fde_rows.hpp"
#include "unwind/unwind_rule.hpp"

namespace sonde::unwind {

/// The rule that the programs of a CIE begin with; nothing if they are of another kind.
std::optional<Rule> short_programs_begin(const Cie& cie) noexcept;

/// Appends the rows of a program of `length` bytes of code. False if it is of another kind, or
/// wrong: then what was appended is to be thrown away, and run_program() to be asked.
bool run_short_program(Rule initial, CfiReader program, std::uint64_t length,
                       std::vector<FdeRow>& rows);

}  // namespace sonde::unwind
