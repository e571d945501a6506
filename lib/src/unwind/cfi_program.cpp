#include "unwind/cfi_program.hpp"

#include <cstddef>
#include <vector>

#include "unwind/cfi_expression.hpp"
#include "unwind/cfi_instruction.hpp"
#include "unwind_table.h"

namespace sonde::unwind {
namespace {

// Compilers nest one or two.
constexpr std::size_t kDeepestRemembered = 32;

class Machine {
 public:
  using Kind = RegisterRule::Kind;

  Machine(const CfiSection& section, const Cie& cie, CfiReader program, std::uint64_t start,
          std::uint64_t end, StateSink* sink) noexcept
      : section_(section),
        cie_(cie),
        program_(program),
        location_(start),
        end_(end),
        sink_(sink),
        state_(cie.initial) {}

  // False if an instruction is not understood.
  bool run() {
    while (!program_.at_end() && !past_end_) {
      const auto byte = program_.read<std::uint8_t>();
      const std::uint8_t operand = byte & 0x3f;
      const std::uint8_t high = byte & 0xc0;
      if (high == kAdvanceLoc) {
        advance(operand);
      } else if (high == kOffset) {
        set(operand, Kind::AtCfa, factored(program_.uleb()));
      } else if (high == kRestore) {
        restore(operand);
      } else if (!extended(operand)) {
        return false;
      }
    }
    if (program_.failed()) return false;
    if (!past_end_ && sink_ != nullptr) sink_->put(location_, state_);
    return true;
  }

  const CfiState& state() const noexcept { return state_; }

 private:
  std::int64_t factored(std::uint64_t offset) const noexcept {
    return static_cast<std::int64_t>(offset * static_cast<std::uint64_t>(cie_.data_factor));
  }
  std::int64_t factored_signed(std::int64_t offset) const noexcept {
    return factored(static_cast<std::uint64_t>(offset));
  }

  template <class State>
  static auto rule_of(State& state, std::uint64_t number) noexcept -> decltype(&state.rbp) {
    switch (number) {
      case UNWIND_REGISTER_RBP:
        return &state.rbp;
      case UNWIND_REGISTER_RSP:
        return &state.rsp;
      case kReturnAddress:
        return &state.return_address;
      default:
        return nullptr;
    }
  }

  void set(std::uint64_t number, const RegisterRule& rule) noexcept {
    if (RegisterRule* const place = rule_of(state_, number)) *place = rule;
  }
  void set(std::uint64_t number, Kind kind, std::int64_t offset = 0) noexcept {
    set(number, RegisterRule{kind, 0, offset});
  }
  void restore(std::uint64_t number) noexcept {
    if (const RegisterRule* const rule = rule_of(cie_.initial, number)) set(number, *rule);
  }

  void advance(std::uint64_t delta) {
    std::uint64_t bytes = 0;
    if (__builtin_mul_overflow(delta, cie_.code_factor, &bytes) || bytes >= end_ - location_) {
      if (sink_ != nullptr) sink_->put(location_, state_);
      past_end_ = true;
    } else if (bytes != 0) {
      if (sink_ != nullptr) sink_->put(location_, state_);
      location_ += bytes;
    }
  }

  bool set_location() {
    const auto target = read_pointer(program_, cie_.pointer_encoding, section_.address);
    if (!target || *target < location_) return false;
    if (*target != location_) {
      if (sink_ != nullptr) sink_->put(location_, state_);
      past_end_ = *target >= end_;
      location_ = *target;
    }
    return true;
  }

  bool remember() {
    if (remembered_.size() == kDeepestRemembered) return false;
    remembered_.push_back(state_);
    return true;
  }
  bool restore_remembered() noexcept {
    if (remembered_.empty()) return false;
    state_ = remembered_.back();
    remembered_.pop_back();
    return true;
  }

  void define_cfa(std::uint64_t base, std::int64_t offset) noexcept {
    state_.cfa_offset = offset;
    state_.cfa = {CfaRule::Kind::Register, base, offset, 0};
  }
  // DWARF defines both only for a CFA that is a register and an offset. Hand-written assembly has
  // them behind an expression, too: then as in libgcc's unwinder a new register ends the
  // expression, with the offset from before it, and a new offset does not (execute_cfa_program()).
  bool redefine_cfa_base(std::uint64_t base) noexcept {
    if (state_.cfa.kind == CfaRule::Kind::None) return false;
    define_cfa(base, state_.cfa_offset);
    return true;
  }
  bool redefine_cfa_offset(std::int64_t offset) noexcept {
    if (state_.cfa.kind == CfaRule::Kind::None) return false;
    state_.cfa_offset = offset;
    if (state_.cfa.kind == CfaRule::Kind::Register) state_.cfa.offset = offset;
    return true;
  }

  CfiReader expression() noexcept {
    const std::uint64_t length = program_.uleb();
    const std::uint64_t from = program_.position();
    program_.bytes(length);
    return program_.failed() ? CfiReader() : CfiReader(section_.bytes, from, from + length);
  }

  bool extended(std::uint8_t instruction) {
    switch (instruction) {
      case kNop:
        return true;
      case kSetLoc:
        return set_location();
      case kAdvanceLoc1:
        advance(program_.read<std::uint8_t>());
        return true;
      case kAdvanceLoc2:
        advance(program_.read<std::uint16_t>());
        return true;
      case kAdvanceLoc4:
        advance(program_.read<std::uint32_t>());
        return true;
      case kMipsAdvanceLoc8:
        advance(program_.read<std::uint64_t>());
        return true;
      case kRememberState:
        return remember();
      case kRestoreState:
        return restore_remembered();
      case kGnuArgsSize:
        program_.uleb();
        return true;
      case kDefCfa: {
        const std::uint64_t base = program_.uleb();
        define_cfa(base, static_cast<std::int64_t>(program_.uleb()));
        return true;
      }
      case kDefCfaSf: {
        const std::uint64_t base = program_.uleb();
        define_cfa(base, factored_signed(program_.sleb()));
        return true;
      }
      case kDefCfaRegister:
        return redefine_cfa_base(program_.uleb());
      case kDefCfaOffset:
        return redefine_cfa_offset(static_cast<std::int64_t>(program_.uleb()));
      case kDefCfaOffsetSf:
        return redefine_cfa_offset(factored_signed(program_.sleb()));
      case kDefCfaExpression:
        state_.cfa = read_cfa_expression(expression());
        return true;
      default:
        return register_rule(instruction);
    }
  }

  bool register_rule(std::uint8_t instruction) noexcept {
    const std::uint64_t number = program_.uleb();
    switch (instruction) {
      case kOffsetExtended:
        set(number, Kind::AtCfa, factored(program_.uleb()));
        return true;
      case kOffsetExtendedSf:
        set(number, Kind::AtCfa, factored_signed(program_.sleb()));
        return true;
      case kGnuNegativeOffsetExtended:
        set(number, Kind::AtCfa, factored(0 - program_.uleb()));
        return true;
      case kRestoreExtended:
        restore(number);
        return true;
      case kUndefined:
        set(number, Kind::Undefined);
        return true;
      case kSameValue:
        set(number, Kind::Same);
        return true;
      case kRegister:
        set(number, RegisterRule{Kind::InRegister, program_.uleb(), 0});
        return true;
      case kExpression:
        set(number, read_address_expression(expression()));
        return true;
      case kValOffset:
        set(number, Kind::IsCfa, factored(program_.uleb()));
        return true;
      case kValOffsetSf:
        set(number, Kind::IsCfa, factored_signed(program_.sleb()));
        return true;
      case kValExpression:
        expression();
        set(number, Kind::Other);
        return true;
      default:
        return false;
    }
  }

  const CfiSection& section_;
  const Cie& cie_;
  CfiReader program_;
  std::uint64_t location_;
  std::uint64_t end_;
  StateSink* sink_;
  bool past_end_ = false;
  CfiState state_;
  std::vector<CfiState> remembered_;
};

}  // namespace

bool run_initial(const CfiSection& section, Cie& cie) {
  // There is no address to advance from.
  Machine machine(section, cie, cie.program, 0, 1, nullptr);
  if (!machine.run()) return false;
  cie.initial = machine.state();
  return true;
}

bool run_program(const CfiSection& section, const Cie& cie, const Fde& fde, std::uint64_t end,
                 StateSink& sink) {
  return Machine(section, cie, fde.program, fde.start, end, &sink).run();
}

}  // namespace sonde::unwind
