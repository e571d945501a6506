#include "probe/return_sites.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "util/fail.hpp"

namespace sonde::probe {
namespace {

constexpr std::uint64_t kLongestFunction = std::uint64_t{1} << 16;

struct Placed {
  std::uint64_t address = 0;
  Instruction instruction;
};

using Code = std::vector<Placed>;

/// Nothing if there is data amid the code.
std::optional<Code> decode_all(std::span<const std::byte> bytes, std::uint64_t address) {
  Code code;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto instruction = decode(bytes.subspan(at), address + at);
    if (!instruction) return std::nullopt;
    code.push_back({address + at, *instruction});
    at += instruction->length;
  }
  return code;
}

bool is_jump(const Instruction& i) {
  return i.leaves && !i.returns && i.kind != SiteKind::call && i.target;
}

/// Whether execution leaves the function by a jump.
bool leaves_by_jump(const Code& code, const Function& function) {
  return std::ranges::any_of(code, [&](const Placed& placed) {
    const Instruction& i = placed.instruction;
    return i.computed_jump || (is_jump(i) && *i.target - function.address >= function.size);
  });
}

bool is_jumped_to(const Code& code, std::uint64_t address) {
  return std::ranges::any_of(code, [&](const Placed& placed) {
    return is_jump(placed.instruction) && *placed.instruction.target == address;
  });
}

/// A branch that is not taken on any way to a return: it leads to a call that ends the function,
/// such as that of __stack_chk_fail().
bool branches_to_the_end(const Code& code, const Instruction& branch) {
  return branch.target && *branch.target == code.back().address &&
         code.back().instruction.kind == SiteKind::call;
}

/// Index of the site for the return at `index`.
std::size_t site_before(const Code& code, std::size_t index) {
  for (std::size_t at = index; at > 0; --at) {
    // Another way leads here, past what is before it.
    if (is_jumped_to(code, code[at].address)) return index;
    const Instruction& before = code[at - 1].instruction;
    if (before.kind == SiteKind::nop) return at - 1;
    if (before.kind == SiteKind::branch) return branches_to_the_end(code, before) ? at - 1 : index;
    if (before.leaves || before.result_written) return index;
  }
  return index;
}

}  // namespace

Result<std::vector<Site>> find_return_sites(const elf::Image& image, const Function& function) {
  if (image.machine() != EM_X86_64) {
    return fail(ErrorCode::UnsupportedPlatform,
                "cannot choose where to probe " + function.name + ": not x86-64 code");
  }
  std::vector<Site> sites;
  if (function.size == 0 || function.size > kLongestFunction) return sites;
  const auto offset = image.offset_of(function.address);
  const auto bytes = offset ? image.source().read_range(*offset, function.size, kLongestFunction)
                            : std::vector<std::byte>();
  if (bytes.empty()) {
    return fail(ErrorCode::EventProcessingFailed,
                fmt::format("cannot probe {}: its code is not in the file", function.name));
  }
  const auto code = decode_all(bytes, function.address);
  if (!code || leaves_by_jump(*code, function)) return sites;
  for (std::size_t index = 0; index < code->size(); ++index) {
    if (!(*code)[index].instruction.returns) continue;
    const Placed& at = (*code)[site_before(*code, index)];
    Site site;
    site.address = at.address;
    site.from_entry = at.address - function.address;
    site.file_offset = *offset + site.from_entry;
    site.kind = at.instruction.kind;
    site.instruction = disassemble(
        std::span(bytes).subspan(static_cast<std::size_t>(site.from_entry)), site.address);
    sites.push_back(std::move(site));
  }
  return sites;
}

}  // namespace sonde::probe
