// The few DWARF expressions that compilers, linkers and libc write into frame programs.
#pragma once

#include "unwind/cfi_reader.hpp"
#include "unwind/cfi_state.hpp"

namespace sonde::unwind {

/// Of DW_CFA_def_cfa_expression.
CfaRule read_cfa_expression(CfiReader expression) noexcept;
/// Of DW_CFA_expression.
RegisterRule read_address_expression(CfiReader expression) noexcept;

}  // namespace sonde::unwind
