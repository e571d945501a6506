// One x86-64 instruction with all that Zydis says of it.
#pragma once

#include <Zydis/Zydis.h>

#include <array>
#include <cstddef>
#include <optional>
#include <span>

namespace sonde::probe {

using Operands = std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT>;

struct Decoded {
  ZydisDecodedInstruction instruction;
  Operands operands;
};

/// The instruction at the start of `code`. Nothing if it is none.
std::optional<Decoded> decode_full(std::span<const std::byte> code);

/// The register of 64 bits that `part` is a part of.
ZydisRegister whole(ZydisRegister part);

/// The operand is a register, which the instruction writes to.
bool is_written(const ZydisDecodedOperand& operand);

}  // namespace sonde::probe
