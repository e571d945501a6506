#include "unwind/unwind_rule.hpp"

namespace sonde::unwind {
namespace {

using Kind = RegisterRule::Kind;

constexpr std::uint64_t kGeneralRegisters = 16;
constexpr std::int64_t kWord = 8;

// Where rt_sigframe has the interrupted rsp when the handler has returned into the trampoline:
// arch/x86/include/asm/sigframe.h, uc_mcontext.gregs.
constexpr std::int64_t kInterruptedRsp = 160;

bool is_kernel_signal_frame(const CfaRule& cfa) noexcept {
  return cfa.kind == CfaRule::Kind::Dereference && cfa.base == UNWIND_REGISTER_RSP &&
         cfa.offset == kInterruptedRsp && cfa.add == 0;
}

// rsp of the caller is the CFA unless a program says otherwise.
bool is_cfa(const RegisterRule& rsp) noexcept {
  return rsp.kind == Kind::Unspecified || (rsp.kind == Kind::IsCfa && rsp.offset == 0);
}

bool is_unchanged(const RegisterRule& rule) noexcept {
  return rule.kind == Kind::Unspecified || rule.kind == Kind::Same;
}

bool narrow(std::int64_t value, __s32& into) noexcept {
  into = static_cast<__s32>(value);
  return into == value;
}

}  // namespace

std::optional<Rule> short_rule(const CfiState& state) noexcept {
  const RegisterRule& ra = state.return_address;
  if (ra.kind != Kind::AtCfa || ra.offset != -kWord || !is_cfa(state.rsp)) return std::nullopt;
  const CfaRule& cfa = state.cfa;
  if (cfa.kind != CfaRule::Kind::Register) return std::nullopt;
  if (cfa.base != UNWIND_REGISTER_RSP && cfa.base != UNWIND_REGISTER_RBP) return std::nullopt;
  if (cfa.offset < 0 || cfa.offset % kWord != 0 || cfa.offset / kWord > UNWIND_CFA_MAX) {
    return std::nullopt;
  }
  Rule rule = static_cast<Rule>(cfa.offset / kWord) << UNWIND_CFA_SHIFT;
  if (cfa.base == UNWIND_REGISTER_RBP) rule |= UNWIND_RULE_RBP;

  const RegisterRule& rbp = state.rbp;
  if (is_unchanged(rbp)) return rule | UNWIND_RBP_SAME;
  if (rbp.kind == Kind::Undefined) return rule | UNWIND_RBP_UNDEFINED;
  if (rbp.kind != Kind::AtCfa || rbp.offset % kWord != 0) return std::nullopt;
  const std::int64_t slot = rbp.offset / kWord;
  if (slot > -2 || slot < -(UNWIND_RBP_MAX + 1)) return std::nullopt;
  return rule | static_cast<Rule>(-slot - 1);
}

Rule RuleEncoder::encode(const CfiState& state, bool signal_frame) {
  if (const auto rule = short_rule(state)) return *rule;
  if (signal_frame && is_kernel_signal_frame(state.cfa)) return special_rule(UNWIND_CODE_SIGNAL);
  const RegisterRule& ra = state.return_address;
  if (ra.kind == Kind::Undefined) return special_rule(UNWIND_CODE_END);
  if (!is_cfa(state.rsp)) return no_cfi(NoCfiReason::RspRule);
  if (ra.kind == Kind::AtCfa && ra.offset == -kWord && state.cfa.kind == CfaRule::Kind::Plt &&
      is_unchanged(state.rbp)) {
    return special_rule(UNWIND_CODE_PLT + static_cast<std::uint32_t>(state.cfa.offset));
  }
  return dictionary_rule(state);
}

Rule RuleEncoder::dictionary_rule(const CfiState& state) {
  const CfaRule& cfa = state.cfa;
  unwind_dictionary_entry entry = {};
  if (cfa.kind == CfaRule::Kind::None) return no_cfi(NoCfiReason::CfaMissing);
  if (cfa.kind != CfaRule::Kind::Register && cfa.kind != CfaRule::Kind::Dereference) {
    return no_cfi(NoCfiReason::CfaExpression);
  }
  if (cfa.base >= kGeneralRegisters) return no_cfi(NoCfiReason::CfaExpression);
  entry.cfa_base = static_cast<__u8>(cfa.base);
  entry.cfa_dereference = cfa.kind == CfaRule::Kind::Dereference ? 1 : 0;

  bool in_range = narrow(cfa.offset, entry.cfa_offset) && narrow(cfa.add, entry.cfa_add);
  const RegisterRule& ra = state.return_address;
  if (ra.kind == Kind::AtCfa) {
    entry.return_at = UNWIND_SAVED_AT_CFA;
    in_range = narrow(ra.offset, entry.return_offset) && in_range;
  } else if (ra.kind == Kind::InRegister && ra.base < kGeneralRegisters) {
    entry.return_at = UNWIND_SAVED_IN;
    entry.return_offset = static_cast<__s32>(ra.base);
  } else {
    return no_cfi(NoCfiReason::ReturnAddressRule);
  }

  const RegisterRule& rbp = state.rbp;
  if (is_unchanged(rbp)) {
    entry.rbp = UNWIND_SAVED_SAME;
  } else if (rbp.kind == Kind::Undefined) {
    entry.rbp = UNWIND_SAVED_UNDEFINED;
  } else if (rbp.kind == Kind::AtCfa) {
    entry.rbp = UNWIND_SAVED_AT_CFA;
  } else if (rbp.kind == Kind::AtRegister && rbp.base == UNWIND_REGISTER_RBP) {
    entry.rbp = UNWIND_SAVED_AT_RBP;
  } else {
    return no_cfi(NoCfiReason::RbpRule);
  }
  if (entry.rbp == UNWIND_SAVED_AT_CFA || entry.rbp == UNWIND_SAVED_AT_RBP) {
    in_range = narrow(rbp.offset, entry.rbp_offset) && in_range;
  }
  if (!in_range) return no_cfi(NoCfiReason::OffsetRange);
  const auto index = dictionary_.index_of(entry);
  return index ? special_rule(UNWIND_CODE_DICTIONARY + *index)
               : no_cfi(NoCfiReason::DictionaryFull);
}

}  // namespace sonde::unwind
