// A state of a frame program as the rule of a table's row.
#pragma once

#include <cstdint>
#include <optional>

#include "unwind/cfi_state.hpp"
#include "unwind/statistics.hpp"
#include "unwind/unwind_dictionary.hpp"

namespace sonde::unwind {

/// The low UNWIND_RULE_BITS of a row.
using Rule = std::uint32_t;

constexpr Rule special_rule(std::uint32_t code) noexcept {
  return UNWIND_RULE_SPECIAL | code;
}
constexpr Rule kNoCfi = special_rule(UNWIND_CODE_NO_CFI);

/// The rule of a state that 20 bits can hold: a CFA of rsp or rbp, and the return address at CFA
/// - 8.
std::optional<Rule> short_rule(const CfiState& state) noexcept;

class RuleEncoder {
 public:
  RuleEncoder(UnwindDictionary& dictionary, UnwindStatistics& statistics) noexcept
      : dictionary_(dictionary), statistics_(statistics) {}

  /// What a table cannot express becomes kNoCfi and is counted.
  Rule encode(const CfiState& state, bool signal_frame);

 private:
  Rule no_cfi(NoCfiReason reason) noexcept {
    statistics_.count(reason);
    return kNoCfi;
  }
  Rule dictionary_rule(const CfiState& state);

  UnwindDictionary& dictionary_;
  UnwindStatistics& statistics_;
};

}  // namespace sonde::unwind
