#include "unwind/frame_unwinder.hpp"

#include <cstring>
#include <utility>

namespace sonde::unwind {
namespace {

constexpr std::uint64_t kLargestFrame = 1 << 20;
constexpr std::size_t kRip = SONDE_DUMP_REGISTERS - 1;
// struct rt_sigframe of arch/x86/include/asm/sigframe.h, from the ucontext on.
constexpr std::uint64_t kSignalRbp = 120;
constexpr std::uint64_t kSignalRsp = 160;
constexpr std::uint64_t kSignalRip = 168;

std::uint64_t plus(std::uint64_t base, std::int32_t offset) {
  return base + static_cast<std::uint64_t>(std::int64_t{offset});
}

}  // namespace

FrameUnwinder::FrameUnwinder(const Registers& registers, std::span<const std::byte> stack,
                             std::span<const unwind_dictionary_entry> dictionary,
                             FindRule find_rule)
    : registers_(registers),
      stack_(stack),
      dictionary_(dictionary),
      find_rule_(std::move(find_rule)),
      pc_(registers[kRip]),
      sp_(registers[UNWIND_REGISTER_RSP]),
      bp_(registers[UNWIND_REGISTER_RBP]) {
}

UnwoundStack FrameUnwinder::unwind() {
  while (step() == Step::go_on) {
  }
  return std::move(result_);
}

FrameUnwinder::Step FrameUnwinder::step() {
  if (pc_ == 0) return Step::stop;
  if (result_.frames.size() >= SONDE_MAX_UNWOUND_FRAMES) return stop(SONDE_STACK_USER_DEPTH);
  const CodeRule code = find_rule_(pc_ - (is_return_ ? 1 : 0));
  if (code.kind == CodeRule::Kind::no_mapping && !result_.frames.empty())
    return stop(fallback_ != 0 ? fallback_ : SONDE_STACK_USER_NO_MAPPING);
  result_.frames.push_back(pc_ + code.frame_delta);
  switch (code.kind) {
    case CodeRule::Kind::no_mapping:
    case CodeRule::Kind::no_table:
      return follow_frame_pointer(SONDE_STACK_USER_NO_MAPPING);
    case CodeRule::Kind::anonymous:
      return follow_frame_pointer(SONDE_STACK_USER_NO_CFI);
    case CodeRule::Kind::rule:
      break;
  }
  return apply_rule(code.rule);
}

FrameUnwinder::Step FrameUnwinder::stop(std::uint32_t why) {
  result_.stop = why;
  return Step::stop;
}

FrameUnwinder::Step FrameUnwinder::go_to_caller(std::uint64_t pc, std::uint64_t sp) {
  pc_ = pc;
  sp_ = sp;
  is_return_ = true;
  return Step::go_on;
}

FrameUnwinder::Step FrameUnwinder::return_to(std::uint64_t cfa, std::uint64_t return_at) {
  // Only the innermost frame may have no stack of its own.
  if (cfa <= sp_ && !is_leaf()) return stop(SONDE_STACK_USER_NO_CFI);
  const auto pc = read(return_at);
  if (!pc) return stop(SONDE_STACK_USER_FAILED);
  return go_to_caller(*pc, cfa);
}

FrameUnwinder::Step FrameUnwinder::follow_frame_pointer(std::uint32_t why) {
  if (!load_bp()) return stop(why);
  const std::uint64_t bp = bp_;
  if (bp == 0 && fallback_ != 0) return Step::stop;
  if (bp < sp_ || bp - sp_ > kLargestFrame || bp % 8 != 0) return stop(why);
  const auto caller_bp = read(bp);
  const auto caller_pc = read(bp + 8);
  if (!caller_bp || !caller_pc) return stop(why);
  fallback_ = why;
  bp_ = *caller_bp;
  return go_to_caller(*caller_pc, bp + 16);
}

FrameUnwinder::Step FrameUnwinder::leave_signal_frame() {
  const auto bp = read(sp_ + kSignalRbp);
  const auto sp = read(sp_ + kSignalRsp);
  const auto pc = read(sp_ + kSignalRip);
  if (!bp || !sp || !pc) return stop(SONDE_STACK_USER_FAILED);
  bp_ = *bp;
  bp_at_ = 0;
  sp_ = *sp;
  pc_ = *pc;
  is_return_ = false;
  return Step::go_on;
}

FrameUnwinder::Step FrameUnwinder::apply_rule(std::uint32_t rule) {
  if (rule >= UNWIND_RULE_SPECIAL) return apply_code(rule & UNWIND_CODE_MASK);
  std::uint64_t cfa = sp_;
  if ((rule & UNWIND_RULE_RBP) != 0) {
    if (!load_bp()) return stop(SONDE_STACK_USER_FAILED);
    cfa = bp_;
  }
  cfa += std::uint64_t{rule >> UNWIND_CFA_SHIFT & UNWIND_CODE_MASK} * 8;
  const std::uint32_t saved = rule & UNWIND_RBP_MASK;
  if (saved == UNWIND_RBP_UNDEFINED) {
    bp_ = 0;
    bp_at_ = 0;
  } else if (saved != UNWIND_RBP_SAME) {
    bp_at_ = cfa - std::uint64_t{8} * (saved + 1);
  }
  return return_to(cfa, cfa - 8);
}

FrameUnwinder::Step FrameUnwinder::apply_code(std::uint32_t code) {
  if (code == UNWIND_CODE_END) return Step::stop;
  if (code == UNWIND_CODE_NO_CFI) return follow_frame_pointer(SONDE_STACK_USER_NO_CFI);
  if (code == UNWIND_CODE_SIGNAL) return leave_signal_frame();
  if (code >= UNWIND_CODE_DICTIONARY) {
    const std::size_t index = code - UNWIND_CODE_DICTIONARY;
    return index < dictionary_.size() ? apply_entry(dictionary_[index])
                                      : stop(SONDE_STACK_USER_NO_CFI);
  }
  const std::uint64_t cfa = sp_ + 8 + ((pc_ & 15) >= (code & 15) ? 8 : 0);
  return return_to(cfa, cfa - 8);
}

std::optional<std::uint64_t> FrameUnwinder::base_of(const unwind_dictionary_entry& entry) {
  if (entry.cfa_base == UNWIND_REGISTER_RSP) return sp_;
  if (entry.cfa_base == UNWIND_REGISTER_RBP) {
    if (load_bp()) return bp_;
    stop(SONDE_STACK_USER_FAILED);
    return {};
  }
  if (is_leaf() && entry.cfa_base < kRip) return registers_[entry.cfa_base];
  stop(SONDE_STACK_USER_LOST_REGISTER);
  return {};
}

FrameUnwinder::Step FrameUnwinder::apply_entry(const unwind_dictionary_entry& entry) {
  const auto base = base_of(entry);
  if (!base) return Step::stop;
  std::uint64_t cfa = plus(*base, entry.cfa_offset);
  if (entry.cfa_dereference != 0) {
    const auto value = read(cfa);
    if (!value) return stop(SONDE_STACK_USER_FAILED);
    cfa = plus(*value, entry.cfa_add);
  }
  if (entry.rbp == UNWIND_SAVED_AT_CFA) {
    bp_at_ = plus(cfa, entry.rbp_offset);
  } else if (entry.rbp == UNWIND_SAVED_AT_RBP) {
    if (!load_bp()) return stop(SONDE_STACK_USER_FAILED);
    bp_at_ = plus(bp_, entry.rbp_offset);
  } else if (entry.rbp == UNWIND_SAVED_UNDEFINED) {
    bp_ = 0;
    bp_at_ = 0;
  }
  if (entry.return_at == UNWIND_SAVED_IN) {
    const auto number = static_cast<std::size_t>(entry.return_offset);
    if (!is_leaf() || number >= kRip) return stop(SONDE_STACK_USER_LOST_REGISTER);
    return go_to_caller(registers_[number], cfa);
  }
  return return_to(cfa, plus(cfa, entry.return_offset));
}

bool FrameUnwinder::load_bp() {
  if (bp_at_ == 0) return true;
  const auto value = read(bp_at_);
  if (!value) return false;
  bp_ = *value;
  bp_at_ = 0;
  return true;
}

std::optional<std::uint64_t> FrameUnwinder::read(std::uint64_t address) const {
  const std::uint64_t offset = address - registers_[UNWIND_REGISTER_RSP];
  std::uint64_t value = 0;
  if (offset > stack_.size() || stack_.size() - offset < sizeof(value)) return {};
  std::memcpy(&value, stack_.data() + offset, sizeof(value));
  return value;
}

}  // namespace sonde::unwind
