#include "probe/forwarding.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>

#include "elf/slots.hpp"
#include "probe/instruction.hpp"

namespace sonde::probe {
namespace {

constexpr std::uint64_t kLongest = 64;  // bytes: such functions, and stubs, have a few instructions

// The first jump from `address` on, if nothing else leads away before it.
std::optional<Instruction> first_jump(const elf::Image& image, std::uint64_t address,
                                      std::uint64_t size) {
  const auto offset = image.offset_of(address);
  if (!offset) return std::nullopt;
  const auto code = image.source().read_range(*offset, std::min(size, kLongest), kLongest);
  for (std::size_t at = 0; at < code.size();) {
    const auto instruction = decode(std::span(code).subspan(at), address + at);
    if (!instruction) return std::nullopt;
    if (instruction->slot || instruction->kind == SiteKind::jump) return instruction;
    if (instruction->leaves) return std::nullopt;
    at += instruction->length;
  }
  return std::nullopt;
}

}  // namespace

std::string forwards_to(const elf::Image& image, const Function& function) {
  if (image.machine() != EM_X86_64 || function.size == 0 || function.size > kLongest) return {};
  auto jump = first_jump(image, function.address, function.size);
  // To the stub in .plt that jumps through the slot.
  constexpr std::uint64_t kStub = 16;
  if (jump && jump->target) jump = first_jump(image, *jump->target, kStub);
  return jump && jump->slot ? elf::symbol_of_slot(image, *jump->slot) : std::string();
}

}  // namespace sonde::probe
