#include "unwind/short_program.hpp"

#include <array>
#include <cstddef>

#include "unwind/cfi_instruction.hpp"

namespace sonde::unwind {
namespace {

constexpr std::uint64_t kWord = 8;

class ShortProgram {
 public:
  ShortProgram(Rule initial, CfiReader program, std::uint64_t length,
               std::vector<FdeRow>& rows) noexcept
      : program_(program), length_(length), initial_(initial), rule_(initial), rows_(rows) {}

  bool run() {
    while (!program_.at_end() && !past_end_) {
      const auto byte = program_.read<std::uint8_t>();
      const std::uint8_t operand = byte & 0x3f;
      switch (byte & 0xc0) {
        case kAdvanceLoc:
          advance(operand);
          break;
        case kOffset:
          if (!save(operand, program_.uleb())) return false;
          break;
        case kRestore:
          if (!restore(operand)) return false;
          break;
        default:
          if (!extended(operand)) return false;
      }
    }
    if (program_.failed()) return false;
    if (!past_end_) put();
    return true;
  }

 private:
  void put() {
    if (rule_ == last_) return;
    rows_.push_back({static_cast<std::uint32_t>(at_), rule_});
    last_ = rule_;
  }
  void advance(std::uint64_t bytes) {
    if (bytes == 0) return;
    put();
    past_end_ = bytes >= length_ - at_;
    at_ += bytes;
  }

  static bool is_followed(std::uint64_t number) noexcept {
    return number == UNWIND_REGISTER_RSP || number == kReturnAddress;
  }
  bool save(std::uint64_t number, std::uint64_t words) noexcept {
    if (number != UNWIND_REGISTER_RBP) return !is_followed(number);
    if (words < 2 || words > UNWIND_RBP_MAX + 1) return false;
    rule_ = (rule_ & ~Rule{UNWIND_RBP_MASK}) | static_cast<Rule>(words - 1);
    return true;
  }
  bool restore(std::uint64_t number) noexcept {
    if (number != UNWIND_REGISTER_RBP) return !is_followed(number);
    rule_ = (rule_ & ~Rule{UNWIND_RBP_MASK}) | (initial_ & UNWIND_RBP_MASK);
    return true;
  }
  bool set_cfa_base(std::uint64_t number) noexcept {
    rule_ &= ~UNWIND_RULE_RBP;
    if (number == UNWIND_REGISTER_RBP) rule_ |= UNWIND_RULE_RBP;
    return number == UNWIND_REGISTER_RBP || number == UNWIND_REGISTER_RSP;
  }
  bool set_cfa_offset(std::uint64_t offset) noexcept {
    if (offset % kWord != 0 || offset / kWord > UNWIND_CFA_MAX) return false;
    rule_ &= UNWIND_RULE_RBP | UNWIND_RBP_MASK;
    rule_ |= static_cast<Rule>(offset / kWord) << UNWIND_CFA_SHIFT;
    return true;
  }

  bool extended(std::uint8_t instruction) {
    switch (instruction) {
      case kNop:
        return true;
      case kAdvanceLoc1:
        advance(program_.read<std::uint8_t>());
        return true;
      case kAdvanceLoc2:
        advance(program_.read<std::uint16_t>());
        return true;
      case kAdvanceLoc4:
        advance(program_.read<std::uint32_t>());
        return true;
      case kDefCfa:
        return set_cfa_base(program_.uleb()) && set_cfa_offset(program_.uleb());
      case kDefCfaRegister:
        return set_cfa_base(program_.uleb());
      case kDefCfaOffset:
        return set_cfa_offset(program_.uleb());
      case kRememberState:
        if (depth_ == remembered_.size()) return false;
        remembered_[depth_++] = rule_;
        return true;
      case kRestoreState:
        if (depth_ == 0) return false;
        rule_ = remembered_[--depth_];
        return true;
      case kGnuArgsSize:
        program_.uleb();
        return true;
      default:
        return false;
    }
  }

  CfiReader program_;
  std::uint64_t length_;
  std::uint64_t at_ = 0;
  Rule initial_;
  Rule rule_;
  Rule last_ = ~Rule{0};
  bool past_end_ = false;
  std::size_t depth_ = 0;
  std::array<Rule, 4> remembered_;
  std::vector<FdeRow>& rows_;
};

}  // namespace

std::optional<Rule> short_programs_begin(const Cie& cie) noexcept {
  if (cie.code_factor != 1 || cie.data_factor != -std::int64_t{kWord}) return std::nullopt;
  return short_rule(cie.initial);
}

bool run_short_program(Rule initial, CfiReader program, std::uint64_t length,
                       std::vector<FdeRow>& rows) {
  return ShortProgram(initial, program, length, rows).run();
}

}  // namespace sonde::unwind
