// What call frame instructions say of one address, for the registers that unwinding needs.
#pragma once

#include <cstdint>

namespace sonde::unwind {

// DWARF register numbers of the System V ABI, x86-64, figure 3.36, besides those of unwind_table.h.
constexpr std::uint64_t kReturnAddress = 16;

struct CfaRule {
  enum class Kind : std::uint8_t {
    None,         ///< not said yet
    Register,     ///< register + offset
    Dereference,  ///< *(register + offset) + add
    Plt,          ///< rsp + 8, and + 8 more where (rip & 15) >= offset
    Other,        ///< an expression that is none of these
  };
  Kind kind = Kind::None;
  std::uint64_t base = 0;
  std::int64_t offset = 0;
  std::int64_t add = 0;

  bool operator==(const CfaRule&) const noexcept = default;
};

struct RegisterRule {
  enum class Kind : std::uint8_t {
    Unspecified,
    Same,
    Undefined,
    AtCfa,       ///< in memory at CFA + offset
    AtRegister,  ///< in memory at register + offset
    InRegister,
    IsCfa,  ///< the value CFA + offset itself
    Other,
  };
  Kind kind = Kind::Unspecified;
  std::uint64_t base = 0;
  std::int64_t offset = 0;

  bool operator==(const RegisterRule&) const noexcept = default;
};

struct CfiState {
  CfaRule cfa;
  std::int64_t cfa_offset = 0;  ///< said last, and kept while an expression takes its place
  RegisterRule rbp;
  RegisterRule rsp;
  RegisterRule return_address;
};

}  // namespace sonde::unwind
