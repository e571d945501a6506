#include "frame_rule.hpp"

#include <fmt/format.h>

namespace sonde::oracle {
namespace {

constexpr std::int64_t kWord = 8;

std::string to_text(const Place& place) {
  switch (place.kind) {
    case Place::Kind::same:
      return "same";
    case Place::Kind::undefined:
      return "undefined";
    case Place::Kind::at_cfa:
      return fmt::format("[cfa{:+}]", place.offset);
    case Place::Kind::at_register:
      return fmt::format("[r{}{:+}]", place.base, place.offset);
    case Place::Kind::in_register:
      return fmt::format("r{}", place.base);
    case Place::Kind::is_cfa:
      return fmt::format("cfa{:+}", place.offset);
    case Place::Kind::other:
      break;
  }
  return "other";
}

std::string to_text(const Cfa& cfa) {
  switch (cfa.kind) {
    case Cfa::Kind::based:
      return fmt::format("r{}{:+}", cfa.base, cfa.offset);
    case Cfa::Kind::dereferenced:
      return fmt::format("[r{}{:+}]{:+}", cfa.base, cfa.offset, cfa.add);
    case Cfa::Kind::plt:
      return fmt::format("plt {}", cfa.offset);
    case Cfa::Kind::refused:
      return "refused";
    case Cfa::Kind::other:
      break;
  }
  return "other";
}

FrameRule from_dictionary(const unwind_dictionary_entry& entry) {
  FrameRule rule;
  rule.kind = FrameRule::Kind::rule;
  rule.cfa = {entry.cfa_dereference != 0 ? Cfa::Kind::dereferenced : Cfa::Kind::based,
              entry.cfa_base, entry.cfa_offset, entry.cfa_add};
  if (entry.rbp == UNWIND_SAVED_SAME) rule.rbp = {Place::Kind::same, 0, 0};
  if (entry.rbp == UNWIND_SAVED_UNDEFINED) rule.rbp = {Place::Kind::undefined, 0, 0};
  if (entry.rbp == UNWIND_SAVED_AT_CFA) rule.rbp = {Place::Kind::at_cfa, 0, entry.rbp_offset};
  if (entry.rbp == UNWIND_SAVED_AT_RBP) {
    rule.rbp = {Place::Kind::at_register, UNWIND_REGISTER_RBP, entry.rbp_offset};
  }
  if (entry.return_at == UNWIND_SAVED_IN) {
    rule.return_address = {Place::Kind::in_register,
                           static_cast<std::uint64_t>(entry.return_offset), 0};
  } else {
    rule.return_address = {Place::Kind::at_cfa, 0, entry.return_offset};
  }
  rule.rsp = {Place::Kind::is_cfa, 0, 0};
  return rule;
}

}  // namespace

std::string to_text(const FrameRule& rule) {
  if (rule.kind == FrameRule::Kind::none) return "none";
  if (rule.kind == FrameRule::Kind::end) return "end";
  return fmt::format("{}cfa {} rbp {} ra {} rsp {}",
                     rule.kind == FrameRule::Kind::signal ? "signal " : "", to_text(rule.cfa),
                     to_text(rule.rbp), to_text(rule.return_address), to_text(rule.rsp));
}

FrameRule from_table(std::uint32_t rule, std::span<const unwind_dictionary_entry> dictionary) {
  FrameRule frame;
  if (rule >= UNWIND_RULE_SPECIAL) {
    const std::uint32_t code = rule & UNWIND_CODE_MASK;
    if (code >= UNWIND_CODE_DICTIONARY) {
      return from_dictionary(dictionary[code - UNWIND_CODE_DICTIONARY]);
    }
    if (code == UNWIND_CODE_END) frame.kind = FrameRule::Kind::end;
    if (code == UNWIND_CODE_SIGNAL) frame.kind = FrameRule::Kind::signal;
    if (code < UNWIND_CODE_PLT) return frame;
    frame.cfa = {Cfa::Kind::plt, UNWIND_REGISTER_RSP, code - UNWIND_CODE_PLT, 0};
    frame.rbp = {Place::Kind::same, 0, 0};
  } else {
    frame.cfa = {Cfa::Kind::based,
                 (rule & UNWIND_RULE_RBP) != 0 ? std::uint64_t{UNWIND_REGISTER_RBP}
                                               : std::uint64_t{UNWIND_REGISTER_RSP},
                 std::int64_t{rule >> UNWIND_CFA_SHIFT & UNWIND_CODE_MASK} * kWord, 0};
    const std::uint32_t saved = rule & UNWIND_RBP_MASK;
    if (saved == UNWIND_RBP_SAME) {
      frame.rbp = {Place::Kind::same, 0, 0};
    } else if (saved == UNWIND_RBP_UNDEFINED) {
      frame.rbp = {Place::Kind::undefined, 0, 0};
    } else {
      frame.rbp = {Place::Kind::at_cfa, 0, -kWord * (std::int64_t{saved} + 1)};
    }
  }
  frame.kind = FrameRule::Kind::rule;
  frame.return_address = {Place::Kind::at_cfa, 0, -kWord};
  frame.rsp = {Place::Kind::is_cfa, 0, 0};
  return frame;
}

}  // namespace sonde::oracle
