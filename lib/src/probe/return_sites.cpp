#include "probe/return_sites.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "probe/jump_table.hpp"
#include "util/fail.hpp"

namespace sonde::probe {
namespace {

constexpr std::uint64_t kLongestFunction = std::uint64_t{1} << 16;
constexpr std::size_t kMostParts = 16;

struct Placed {
  std::uint64_t address = 0;
  Instruction instruction;
};

struct Part {
  std::uint64_t address = 0;
  std::uint64_t file_offset = 0;
  std::vector<std::byte> bytes;
  std::vector<Placed> code;

  bool holds(std::uint64_t where) const noexcept { return where - address < bytes.size(); }
};

/// False if there is data amid the code.
bool decode_all(Part& part) {
  for (std::size_t at = 0; at < part.bytes.size();) {
    const std::uint64_t address = part.address + at;
    const auto instruction = decode(std::span(part.bytes).subspan(at), address);
    if (!instruction) return false;
    part.code.push_back({address, *instruction});
    at += instruction->length;
  }
  return true;
}

/// All code from which execution gets to a return of the function, and where it jumps to.
class Reached {
 public:
  Reached(const elf::Image& image, const FindCode& find_code)
      : image_(image), find_code_(find_code) {}

  /// False if its bytes are not in the file.
  bool add(const Function& function) {
    const auto offset = image_.offset_of(function.address);
    Part part{function.address, offset.value_or(0), {}, {}};
    if (offset) part.bytes = image_.source().read_range(*offset, function.size, kLongestFunction);
    parts_.push_back(std::move(part));
    return !parts_.back().bytes.empty();
  }
  /// Follows the jumps. False if execution may leave to where it cannot be followed.
  bool follow() {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (!decode_all(parts_[i])) return false;
      for (const std::uint64_t target : targets_of(parts_[i])) {
        targets_.insert(target);
        if (!reach(target)) return false;
      }
      if (lost_) return false;
    }
    return true;
  }

  const std::vector<Part>& parts() const noexcept { return parts_; }
  bool is_jumped_to(std::uint64_t address) const { return targets_.contains(address); }

 private:
  bool reach(std::uint64_t target) {
    if (std::ranges::any_of(parts_, [&](const Part& part) { return part.holds(target); }))
      return true;
    const auto more = find_code_ ? find_code_(target) : std::nullopt;
    return more && more->size <= kLongestFunction && parts_.size() < kMostParts && add(*more) &&
           parts_.back().holds(target);
  }

  std::vector<std::uint64_t> targets_of(const Part& part) {
    std::vector<std::uint64_t> targets;
    std::vector<std::size_t> starts;
    for (const Placed& placed : part.code)
      starts.push_back(static_cast<std::size_t>(placed.address - part.address));
    for (std::size_t index = 0; index < part.code.size(); ++index) {
      const Instruction& i = part.code[index].instruction;
      if (i.slot) lost_ = true;
      if (i.leaves && i.kind != SiteKind::call && i.target) targets.push_back(*i.target);
      if (!i.computed_jump) continue;
      const auto table = read_jump_table(image_, part.bytes, part.address, starts, index);
      if (table.empty()) lost_ = true;
      targets.insert(targets.end(), table.begin(), table.end());
    }
    return targets;
  }

  const elf::Image& image_;
  const FindCode& find_code_;
  std::vector<Part> parts_;
  std::set<std::uint64_t> targets_;
  bool lost_ = false;
};

/// A branch that is not taken on any way to a return: it leads to a call that ends the function,
/// such as that of __stack_chk_fail().
bool branches_to_the_end(const Part& part, const Instruction& branch) {
  return branch.target && *branch.target == part.code.back().address &&
         part.code.back().instruction.kind == SiteKind::call;
}

struct Found {
  std::size_t index = 0;
  std::int64_t stack_depth = 0;
};

/// The site for the return at `index`.
Found site_before(const Reached& reached, const Part& part, std::size_t index) {
  const Found self{index, 0};
  std::int64_t depth = 0;
  for (std::size_t at = index; at > 0; --at) {
    // Another way leads here, past what is before it.
    if (reached.is_jumped_to(part.code[at].address)) return self;
    const Instruction& before = part.code[at - 1].instruction;
    if (before.kind == SiteKind::nop) return {at - 1, depth};
    if (before.kind == SiteKind::branch)
      return branches_to_the_end(part, before) ? Found{at - 1, depth} : self;
    if (before.leaves || before.result_written || !before.stack_growth) return self;
    depth -= *before.stack_growth;
  }
  return self;
}

}  // namespace

Result<std::vector<Site>> find_return_sites(const elf::Image& image, const Function& function,
                                            const FindCode& find_code) {
  if (image.machine() != EM_X86_64) {
    return fail(ErrorCode::UnsupportedPlatform,
                "cannot choose where to probe " + function.name + ": not x86-64 code");
  }
  std::vector<Site> sites;
  if (function.size == 0 || function.size > kLongestFunction) return sites;
  Reached reached(image, find_code);
  if (!reached.add(function)) {
    return fail(ErrorCode::EventProcessingFailed,
                fmt::format("cannot probe {}: its code is not in the file", function.name));
  }
  if (!reached.follow()) return sites;
  for (const Part& part : reached.parts()) {
    for (std::size_t index = 0; index < part.code.size(); ++index) {
      if (!part.code[index].instruction.returns) continue;
      const Found found = site_before(reached, part, index);
      const Placed& at = part.code[found.index];
      const std::uint64_t from_start = at.address - part.address;
      Site site;
      site.address = at.address;
      site.from_entry = at.address - function.address;
      site.file_offset = part.file_offset + from_start;
      site.kind = at.instruction.kind;
      site.stack_depth = found.stack_depth;
      site.instruction = disassemble(
          std::span(part.bytes).subspan(static_cast<std::size_t>(from_start)), site.address);
      sites.push_back(std::move(site));
    }
  }
  return sites;
}

}  // namespace sonde::probe
