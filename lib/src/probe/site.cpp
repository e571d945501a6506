#include "probe/site.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "util/fail.hpp"

namespace sonde::probe {
namespace {

constexpr std::uint64_t kLongestInstruction = 15;
constexpr std::uint64_t kLongestFunction = std::uint64_t{1} << 20;
constexpr std::size_t kAtOnce = std::size_t{1} << 20;

// The addresses behind `entry` up to `last`: code that runs once for each call as long as nothing
// jumps there.
struct Head {
  std::uint64_t entry = 0;
  std::uint64_t last = 0;
  bool contains(std::uint64_t address) const noexcept { return address > entry && address <= last; }
};

// Within the function, jumps of any form.
bool function_jumps_into(const Head& head, std::span<const std::byte> code) {
  std::uint64_t at = 0;
  while (at < code.size()) {
    const auto instruction = decode(code.subspan(static_cast<std::size_t>(at)), head.entry + at);
    // Data amid code: what follows cannot be told.
    if (!instruction || instruction->computed_jump) return true;
    if (instruction->target && head.contains(*instruction->target)) return true;
    at += instruction->length;
  }
  return false;
}

// The opcodes that a 32-bit displacement follows: call, jmp, jcc and xbegin.
bool precedes_displacement(std::byte before_last, std::byte last) {
  const auto first = std::to_integer<unsigned>(before_last);
  const auto second = std::to_integer<unsigned>(last);
  return second == 0xe8 || second == 0xe9 || (first == 0x0f && (second & 0xf0) == 0x80) ||
         (first == 0xc7 && second == 0xf8);
}

// From elsewhere in the section, such as the function's cold part, which has no symbol in a
// stripped file. Only 32-bit displacements reach that far. Whatever follows a byte that may be such
// an opcode is taken for one, even amid another instruction: nothing that leads there is missed.
bool section_jumps_into(const Head& head, const elf::Image& image, const elf::Section& section) {
  constexpr std::size_t kField = sizeof(std::int32_t);
  constexpr std::size_t kOpcode = 2;
  constexpr std::size_t kOverlap = kOpcode + kField - 1;
  std::vector<std::byte> bytes(kAtOnce + kOverlap);
  for (std::uint64_t start = 0; start < section.header.sh_size; start += kAtOnce) {
    const auto wanted = static_cast<std::size_t>(
        std::min<std::uint64_t>(bytes.size(), section.header.sh_size - start));
    const std::size_t got =
        image.source().read(section.header.sh_offset + start, std::span(bytes).first(wanted));
    const std::uint64_t address = section.header.sh_addr + start;
    for (std::size_t at = kOpcode; at + kField <= got; ++at) {
      if (!precedes_displacement(bytes[at - 2], bytes[at - 1])) continue;
      std::int32_t displacement = 0;
      std::memcpy(&displacement, bytes.data() + at, kField);
      if (head.contains(address + at + kField +
                        static_cast<std::uint64_t>(static_cast<std::int64_t>(displacement))))
        return true;
    }
    if (got < wanted) return true;
  }
  return false;
}

struct Candidate {
  std::uint64_t from_entry = 0;
  Instruction instruction;
  std::int64_t stack_depth = 0;
};

// Along the straight line from the entry: what lies behind a branch is not reached by every call.
std::optional<Candidate> first_emulated(std::span<const std::byte> code, std::uint64_t address,
                                        const SiteNeeds& needs) {
  unsigned needed = (1u << std::min(needs.arguments.value_or(0), 6u)) - 1;
  unsigned overwritten = 0;
  Candidate at;
  while (at.from_entry < code.size()) {
    const auto instruction =
        decode(code.subspan(static_cast<std::size_t>(at.from_entry)), address + at.from_entry);
    if (!instruction) return std::nullopt;
    at.instruction = *instruction;
    if (instruction->kind != SiteKind::stepped) return at;
    if (!needs.arguments) needed |= instruction->arguments_read & ~overwritten;
    if (instruction->leaves || (instruction->arguments_written & needed) != 0 ||
        !instruction->stack_growth)
      return std::nullopt;
    overwritten |= instruction->arguments_written;
    at.stack_depth += *instruction->stack_growth;
    if (needs.return_probe && at.stack_depth != 0) return std::nullopt;
    at.from_entry += instruction->length;
  }
  return std::nullopt;
}

bool reached_once(const Head& head, const elf::Image& image, std::span<const std::byte> code) {
  if (head.last == head.entry) return true;
  const elf::Section* const section = image.section_at(head.entry);
  return section != nullptr && !function_jumps_into(head, code) &&
         !section_jumps_into(head, image, *section);
}

}  // namespace

Result<Site> find_site(const elf::Image& image, const Function& function, const SiteNeeds& needs) {
  if (image.machine() != EM_X86_64) {
    return fail(ErrorCode::UnsupportedPlatform,
                "cannot choose where to probe " + function.name + ": not x86-64 code");
  }
  const auto offset = image.offset_of(function.address);
  const std::uint64_t length =
      function.size != 0 ? std::min(function.size, kLongestFunction) : kLongestInstruction;
  const auto code = offset ? image.source().read_range(*offset, length, kLongestFunction)
                           : std::vector<std::byte>();
  const auto entry = decode(code, function.address);
  if (!entry) {
    return fail(
        ErrorCode::EventProcessingFailed,
        fmt::format("cannot probe {}: no instruction at {:#x}", function.name, function.address),
        "The symbol table may be damaged, or may be another file's");
  }
  Site site;
  site.kind = entry->kind;
  // Where a function of unknown size ends, and what jumps are in it, cannot be told.
  if (function.size != 0 && function.size <= kLongestFunction) {
    const auto found = first_emulated(code, function.address, needs);
    if (found &&
        reached_once({function.address, function.address + found->from_entry}, image, code)) {
      site.from_entry = found->from_entry;
      site.kind = found->instruction.kind;
      site.stack_depth = found->stack_depth;
    }
  }
  site.address = function.address + site.from_entry;
  site.file_offset = *offset + site.from_entry;
  site.instruction =
      disassemble(std::span(code).subspan(static_cast<std::size_t>(site.from_entry)), site.address);
  return site;
}

std::optional<Site> find_second_site(const elf::Image& image, const Function& function,
                                     const Site& first) {
  const bool goes_on = first.kind == SiteKind::nop || first.kind == SiteKind::push;
  if (!goes_on || function.size == 0 || function.size > kLongestFunction) return std::nullopt;
  const auto offset = image.offset_of(function.address);
  if (!offset) return std::nullopt;
  const auto code = image.source().read_range(*offset, function.size, kLongestFunction);
  const auto at_first =
      decode(std::span(code).subspan(static_cast<std::size_t>(first.from_entry)), first.address);
  if (!at_first || !at_first->stack_growth) return std::nullopt;
  Site second;
  second.from_entry = first.from_entry + at_first->length;
  if (second.from_entry >= code.size()) return std::nullopt;
  second.address = function.address + second.from_entry;
  second.file_offset = *offset + second.from_entry;
  second.stack_depth = first.stack_depth + *at_first->stack_growth;
  const auto rest = std::span(code).subspan(static_cast<std::size_t>(second.from_entry));
  const auto at_second = decode(rest, second.address);
  if (!at_second || at_second->kind == SiteKind::stepped ||
      !reached_once({function.address, second.address}, image, code))
    return std::nullopt;
  second.kind = at_second->kind;
  second.instruction = disassemble(rest, second.address);
  return second;
}

}  // namespace sonde::probe
