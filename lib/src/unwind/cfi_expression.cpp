#include "unwind/cfi_expression.hpp"

#include <array>
#include <limits>
#include <optional>

#include "unwind_table.h"

namespace sonde::unwind {
namespace {

// DWARF 5, section 7.7.1.
constexpr std::uint8_t kOpDeref = 0x06;
constexpr std::uint8_t kOpAnd = 0x1a;
constexpr std::uint8_t kOpPlus = 0x22;
constexpr std::uint8_t kOpPlusUconst = 0x23;
constexpr std::uint8_t kOpShl = 0x24;
constexpr std::uint8_t kOpGe = 0x2a;
constexpr std::uint8_t kOpLit0 = 0x30;
constexpr std::uint8_t kOpBreg0 = 0x70;
constexpr std::uint8_t kRegisters = 32;

struct BasedAddress {
  std::uint64_t base = 0;
  std::int64_t offset = 0;
};

std::optional<BasedAddress> read_based(CfiReader& reader) noexcept {
  const auto op = reader.read<std::uint8_t>();
  if (op < kOpBreg0 || op >= kOpBreg0 + kRegisters) return std::nullopt;
  BasedAddress address;
  address.base = op - kOpBreg0;
  address.offset = reader.sleb();
  if (reader.failed()) return std::nullopt;
  return address;
}

// What ld and lld write for .plt, where the second instruction of each stub pushes a word:
// rsp + 8 + (((rip & 15) >= n) << 3).
std::optional<std::int64_t> read_plt(CfiReader reader) noexcept {
  const auto stack = read_based(reader);
  const auto instruction = read_based(reader);
  if (!stack || stack->base != UNWIND_REGISTER_RSP || stack->offset != 8) return std::nullopt;
  if (!instruction || instruction->base != kReturnAddress || instruction->offset != 0) {
    return std::nullopt;
  }
  std::array<std::uint8_t, 7> ops = {};
  for (std::uint8_t& op : ops)
    op = reader.read<std::uint8_t>();
  if (reader.failed() || !reader.at_end()) return std::nullopt;
  const std::uint8_t pushed_from = ops[2];
  if (pushed_from < kOpLit0 || pushed_from > kOpLit0 + 15) return std::nullopt;
  const std::array<std::uint8_t, 7> expected = {kOpLit0 + 15, kOpAnd, pushed_from, kOpGe,
                                                kOpLit0 + 3,  kOpShl, kOpPlus};
  if (ops != expected) return std::nullopt;
  return pushed_from - kOpLit0;
}

}  // namespace

CfaRule read_cfa_expression(CfiReader expression) noexcept {
  if (const auto pushed_from = read_plt(expression)) {
    return {CfaRule::Kind::Plt, UNWIND_REGISTER_RSP, *pushed_from, 0};
  }
  const CfaRule other = {CfaRule::Kind::Other, 0, 0, 0};
  const auto address = read_based(expression);
  if (!address) return other;
  if (expression.at_end()) {
    return {CfaRule::Kind::Register, address->base, address->offset, 0};
  }
  if (expression.read<std::uint8_t>() != kOpDeref) return other;
  std::uint64_t add = 0;
  if (!expression.at_end()) {
    if (expression.read<std::uint8_t>() != kOpPlusUconst) return other;
    add = expression.uleb();
  }
  if (expression.failed() || !expression.at_end() ||
      add > std::uint64_t{std::numeric_limits<std::int32_t>::max()}) {
    return other;
  }
  return {CfaRule::Kind::Dereference, address->base, address->offset,
          static_cast<std::int64_t>(add)};
}

RegisterRule read_address_expression(CfiReader expression) noexcept {
  const auto address = read_based(expression);
  if (!address || !expression.at_end()) return {RegisterRule::Kind::Other, 0, 0};
  return {RegisterRule::Kind::AtRegister, address->base, address->offset};
}

}  // namespace sonde::unwind
