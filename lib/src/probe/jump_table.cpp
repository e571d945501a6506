#include "probe/jump_table.hpp"

#include <cstring>
#include <optional>

#include "probe/zydis.hpp"

namespace sonde::probe {
namespace {

constexpr std::size_t kFurthest = 32;  // instructions before the jump
constexpr std::uint64_t kMostEntries = 1024;

// Walks from a jump to what is before it, as it is executed if nothing jumps in between.
class Backwards {
 public:
  Backwards(std::span<const std::byte> code, std::uint64_t address,
            std::span<const std::size_t> instructions, std::size_t from)
      : code_(code), address_(address), instructions_(instructions), at_(from) {}

  std::uint64_t address() const noexcept { return address_ + instructions_[at_]; }
  const Decoded& current() const noexcept { return *decoded_; }

  /// The next instruction before; false at the begin, and at calls, whose callee may write
  /// anything.
  bool step() {
    if (at_ == 0 || ++steps_ > kFurthest) return false;
    decoded_ = decode_full(code_.subspan(instructions_[--at_]));
    return decoded_ && decoded_->instruction.meta.category != ZYDIS_CATEGORY_CALL &&
           decoded_->instruction.meta.category != ZYDIS_CATEGORY_UNCOND_BR;
  }
  /// The nearest one that writes to `wanted`.
  bool find_write(ZydisRegister wanted) {
    while (step()) {
      for (std::uint8_t n = 0; n < decoded_->instruction.operand_count; ++n) {
        const ZydisDecodedOperand& operand = decoded_->operands[n];
        if (is_written(operand) && whole(operand.reg.value) == wanted) return true;
      }
    }
    return false;
  }

 private:
  std::span<const std::byte> code_;
  std::uint64_t address_;
  std::span<const std::size_t> instructions_;
  std::size_t at_;
  std::size_t steps_ = 0;
  std::optional<Decoded> decoded_;
};

bool is_register(const ZydisDecodedOperand& operand) {
  return operand.type == ZYDIS_OPERAND_TYPE_REGISTER;
}

/// "cmp $N, ...; ja elsewhere": N + 1.
std::optional<std::uint64_t> read_count(Backwards before) {
  while (before.step()) {
    if (before.current().instruction.mnemonic != ZYDIS_MNEMONIC_JNBE) continue;
    if (!before.step() || before.current().instruction.mnemonic != ZYDIS_MNEMONIC_CMP) break;
    const ZydisDecodedOperand& last = before.current().operands[1];
    if (last.type != ZYDIS_OPERAND_TYPE_IMMEDIATE || last.imm.value.u >= kMostEntries) break;
    return last.imm.value.u + 1;
  }
  return std::nullopt;
}

/// "lea table(%rip), base; movslq (base, number, 4), entry; add base, entry; jmp *entry".
std::optional<std::uint64_t> read_table_address(Backwards before, ZydisRegister destination) {
  if (!before.find_write(destination)) return std::nullopt;
  const Decoded& sum = before.current();
  if (sum.instruction.mnemonic != ZYDIS_MNEMONIC_ADD || !is_register(sum.operands[0]) ||
      !is_register(sum.operands[1]))
    return std::nullopt;
  const ZydisRegister base = sum.operands[1].reg.value;
  if (!before.find_write(destination)) return std::nullopt;
  const Decoded& load = before.current();
  if (load.instruction.mnemonic != ZYDIS_MNEMONIC_MOVSXD ||
      load.operands[1].type != ZYDIS_OPERAND_TYPE_MEMORY || load.operands[1].mem.base != base ||
      load.operands[1].mem.scale != sizeof(std::int32_t) || load.operands[1].mem.disp.value != 0)
    return std::nullopt;
  if (!before.find_write(base)) return std::nullopt;
  const Decoded& table = before.current();
  ZyanU64 address = 0;
  if (table.instruction.mnemonic != ZYDIS_MNEMONIC_LEA ||
      !ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&table.instruction, &table.operands[1],
                                             before.address(), &address)))
    return std::nullopt;
  return address;
}

}  // namespace

std::vector<std::uint64_t> read_jump_table(const elf::Image& image, std::span<const std::byte> code,
                                           std::uint64_t address,
                                           std::span<const std::size_t> instructions,
                                           std::size_t jump) {
  std::vector<std::uint64_t> targets;
  const auto decoded = decode_full(code.subspan(instructions[jump]));
  if (!decoded || !is_register(decoded->operands[0])) return targets;
  const Backwards before(code, address, instructions, jump);
  const auto count = read_count(before);
  const auto table = read_table_address(before, decoded->operands[0].reg.value);
  const auto offset = table ? image.offset_of(*table) : std::nullopt;
  if (!count || !offset) return targets;
  const std::uint64_t size = *count * sizeof(std::int32_t);
  const auto bytes = image.source().read_range(*offset, size, size);
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::int32_t)) {
    std::int32_t entry = 0;
    std::memcpy(&entry, bytes.data() + at, sizeof(entry));
    targets.push_back(*table + static_cast<std::uint64_t>(std::int64_t{entry}));
  }
  return targets;
}

}  // namespace sonde::probe
