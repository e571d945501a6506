#include "probe/instruction.hpp"

#include <array>

#include "probe/zydis.hpp"

namespace sonde::probe {
namespace {

// In the order of the System V ABI.
constexpr std::array kArguments = {ZYDIS_REGISTER_RDI, ZYDIS_REGISTER_RSI, ZYDIS_REGISTER_RDX,
                                   ZYDIS_REGISTER_RCX, ZYDIS_REGISTER_R8,  ZYDIS_REGISTER_R9};
// Bits. A narrower write leaves the rest of the register as it was.
constexpr unsigned kWholeFrom = 32;
constexpr std::uint8_t kOperandSizePrefix = 0x66;
constexpr std::uint8_t kRexB = 0x41;

SiteKind branch_kind(const ZydisDecodedInstruction& i) {
  const bool one_byte = i.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT;
  const bool two_bytes = i.opcode_map == ZYDIS_OPCODE_MAP_0F;
  if (one_byte && (i.opcode == 0xeb || i.opcode == 0xe9)) return SiteKind::jump;
  if (one_byte && i.opcode == 0xe8) return SiteKind::call;
  if ((one_byte && (i.opcode & 0xf0) == 0x70) || (two_bytes && (i.opcode & 0xf0) == 0x80))
    return SiteKind::branch;
  return SiteKind::stepped;
}

SiteKind kind_of(const ZydisDecodedInstruction& i) {
  const bool one_byte = i.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT;
  // Nops of several bytes (0f 1f) are emulated by the newest kernels only.
  if (one_byte && i.opcode == 0x90 && i.mnemonic == ZYDIS_MNEMONIC_NOP) return SiteKind::nop;
  if (one_byte && (i.opcode & 0xf8) == 0x50) {
    const bool plain = i.length == 1;
    const bool extended =
        i.length == 2 && i.raw.prefix_count == 1 && i.raw.prefixes[0].value == kRexB;
    return plain || extended ? SiteKind::push : SiteKind::stepped;
  }
  const SiteKind kind = branch_kind(i);
  for (std::uint8_t n = 0; kind != SiteKind::stepped && n < i.raw.prefix_count; ++n) {
    // Refused with ENOTSUPP: Intel and AMD take such a branch differently.
    if (i.raw.prefixes[n].value == kOperandSizePrefix) return SiteKind::stepped;
  }
  return kind;
}

std::optional<std::int64_t> stack_growth(const ZydisDecodedInstruction& i,
                                         const Operands& operands) {
  const bool is_own = operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
                      operands[0].reg.value == ZYDIS_REGISTER_RSP;
  if (i.mnemonic == ZYDIS_MNEMONIC_PUSH) return i.operand_width / 8;
  if (i.mnemonic == ZYDIS_MNEMONIC_POP && !is_own) return -i.operand_width / 8;
  if (is_own && operands[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
    if (i.mnemonic == ZYDIS_MNEMONIC_SUB) return operands[1].imm.value.s;
    if (i.mnemonic == ZYDIS_MNEMONIC_ADD) return -operands[1].imm.value.s;
  }
  for (std::uint8_t n = 0; n < i.operand_count; ++n) {
    if (is_written(operands[n]) && whole(operands[n].reg.value) == ZYDIS_REGISTER_RSP)
      return std::nullopt;
  }
  return 0;
}

unsigned argument_bit(ZydisRegister part) {
  for (std::size_t argument = 0; argument < kArguments.size(); ++argument) {
    if (whole(part) == kArguments[argument]) return 1u << argument;
  }
  return 0;
}

unsigned arguments_written(const ZydisDecodedInstruction& i, const Operands& operands) {
  unsigned written = 0;
  for (std::uint8_t n = 0; n < i.operand_count; ++n) {
    if (is_written(operands[n])) written |= argument_bit(operands[n].reg.value);
  }
  return written;
}

// "xor %edx, %edx" is how compilers write 0.
bool writes_zero(const ZydisDecodedInstruction& i, const Operands& operands) {
  return i.mnemonic == ZYDIS_MNEMONIC_XOR && operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
         operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
         operands[0].reg.value == operands[1].reg.value && operands[0].size >= kWholeFrom;
}

unsigned arguments_read(const ZydisDecodedInstruction& i, const Operands& operands) {
  if (writes_zero(i, operands)) return 0;
  unsigned read = 0;
  for (std::uint8_t n = 0; n < i.operand_count; ++n) {
    const ZydisDecodedOperand& operand = operands[n];
    if (operand.type == ZYDIS_OPERAND_TYPE_MEMORY)
      read |= argument_bit(operand.mem.base) | argument_bit(operand.mem.index);
    if (operand.type == ZYDIS_OPERAND_TYPE_REGISTER &&
        ((operand.actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0 || operand.size < kWholeFrom))
      read |= argument_bit(operand.reg.value);
  }
  return read;
}

bool leaves(const ZydisDecodedInstruction& i) {
  switch (i.meta.category) {
    case ZYDIS_CATEGORY_CALL:
    case ZYDIS_CATEGORY_COND_BR:
    case ZYDIS_CATEGORY_UNCOND_BR:
    case ZYDIS_CATEGORY_RET:
    case ZYDIS_CATEGORY_SYSCALL:
    case ZYDIS_CATEGORY_INTERRUPT:
      return true;
    default:
      return i.mnemonic == ZYDIS_MNEMONIC_HLT || i.mnemonic == ZYDIS_MNEMONIC_UD2;
  }
}

}  // namespace

std::optional<Decoded> decode_full(std::span<const std::byte> code) {
  static const ZydisDecoder decoder = [] {
    ZydisDecoder made;
    ZydisDecoderInit(&made, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    return made;
  }();
  std::optional<Decoded> decoded(std::in_place);
  if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code.data(), code.size(),
                                           &decoded->instruction, decoded->operands.data())))
    decoded.reset();
  return decoded;
}

ZydisRegister whole(ZydisRegister part) {
  return ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, part);
}

bool is_written(const ZydisDecodedOperand& operand) {
  return operand.type == ZYDIS_OPERAND_TYPE_REGISTER &&
         (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
}

std::optional<Instruction> decode(std::span<const std::byte> code, std::uint64_t address) {
  const auto full = decode_full(code);
  if (!full) return std::nullopt;
  const auto& [decoded, operands] = *full;
  Instruction instruction;
  instruction.length = decoded.length;
  instruction.kind = kind_of(decoded);
  instruction.leaves = leaves(decoded);
  instruction.stack_growth = stack_growth(decoded, operands);
  instruction.arguments_written = arguments_written(decoded, operands);
  instruction.arguments_read = arguments_read(decoded, operands);
  for (std::uint8_t n = 0; n < decoded.operand_count; ++n) {
    if (is_written(operands[n]) && whole(operands[n].reg.value) == ZYDIS_REGISTER_RAX)
      instruction.result_written = true;
  }
  instruction.returns = decoded.meta.category == ZYDIS_CATEGORY_RET;
  const ZydisDecodedOperand& first = operands[0];
  ZyanU64 target = 0;
  if (instruction.leaves && decoded.operand_count_visible != 0 &&
      first.type == ZYDIS_OPERAND_TYPE_IMMEDIATE && first.imm.is_relative != 0 &&
      ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&decoded, &first, address, &target)))
    instruction.target = target;
  if (decoded.meta.category != ZYDIS_CATEGORY_UNCOND_BR ||
      first.type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
    return instruction;
  if (first.type == ZYDIS_OPERAND_TYPE_MEMORY && first.mem.base == ZYDIS_REGISTER_RIP &&
      ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&decoded, &first, address, &target)))
    instruction.slot = target;
  else
    instruction.computed_jump = true;
  return instruction;
}

std::string disassemble(std::span<const std::byte> code, std::uint64_t address) {
  const auto full = decode_full(code);
  if (!full) return {};
  const auto& [decoded, operands] = *full;
  ZydisFormatter formatter;
  ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_ATT);
  ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_HEX_UPPERCASE, ZYAN_FALSE);
  ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_ADDR_PADDING_ABSOLUTE,
                            ZYDIS_PADDING_DISABLED);
  std::array<char, 128> text{};
  if (!ZYAN_SUCCESS(ZydisFormatterFormatInstruction(&formatter, &decoded, operands.data(),
                                                    decoded.operand_count_visible, text.data(),
                                                    text.size(), address, nullptr)))
    return {};
  return text.data();
}

}  // namespace sonde::probe
