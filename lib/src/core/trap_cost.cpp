#include "core/trap_cost.hpp"

#include <fmt/format.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string>

#include "core/clock.hpp"
#include "core/kernel_error.hpp"
#include "core/uprobe_links.hpp"
#include "util/fail.hpp"

#ifdef __x86_64__
extern "C" {
void sonde_trap_none();
void sonde_trap_emulated();
void sonde_trap_stepped();
}
asm(R"(
.text
.macro sonde_trap_function name
.hidden \name
.globl \name
.type \name, @function
\name:
  push %rbx
  pop %rbx
  test %rax, %rax
  ret
.size \name, . - \name
.endm
sonde_trap_function sonde_trap_none
sonde_trap_function sonde_trap_emulated
sonde_trap_function sonde_trap_stepped
)");
#endif

namespace sonde::core {

#ifdef __x86_64__
namespace {

using Code = void (*)();

// A round of each takes about a millisecond.
constexpr std::size_t kRounds = 15;
constexpr int kHits = 100;
// Of `test` in sonde_trap_stepped.
constexpr std::uint64_t kSteppedOffset = 2;

struct CodePlace {
  std::uint64_t address = 0;
  std::string path;
  std::uint64_t offset = 0;
};

// The file and offset of code of ours, which may be in a shared library.
int find_place(dl_phdr_info* object, std::size_t, void* context) {
  auto& place = *static_cast<CodePlace*>(context);
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    const std::uint64_t start = object->dlpi_addr + segment.p_vaddr;
    if (segment.p_type != PT_LOAD || place.address - start >= segment.p_filesz) continue;
    const bool is_program = object->dlpi_name == nullptr || *object->dlpi_name == '\0';
    place.path = is_program ? "/proc/self/exe" : object->dlpi_name;
    place.offset = segment.p_offset + (place.address - start);
    return 1;
  }
  return 0;
}

std::optional<CodePlace> place_of(Code code) {
  CodePlace place;
  place.address = reinterpret_cast<std::uintptr_t>(code);
  if (::dl_iterate_phdr(find_place, &place) == 0) return std::nullopt;
  return place;
}

double call_ns(Code code) {
  const std::uint64_t start = monotonic_ns();
  for (int hit = 0; hit < kHits; ++hit)
    code();
  return static_cast<double>(monotonic_ns() - start) / kHits;
}

// An interrupt makes a round longer, and a busy machine most of them: the least of all would be
// less than what the others will pay.
double median(std::array<double, kRounds>& values) {
  std::ranges::nth_element(values, values.begin() + kRounds / 2);
  return std::max(values[kRounds / 2], 0.0);
}

}  // namespace

Result<TrapCost> measure_trap_cost(unsigned attach_type) {
  const UniqueFd program = load_empty_uprobe_program(attach_type);
  if (!program) return tl::unexpected(load_error("sonde_empty", errno, {}));
  const auto emulated_at = place_of(sonde_trap_emulated);
  const auto stepped_at = place_of(sonde_trap_stepped);
  if (!emulated_at || !stepped_at)
    return fail(ErrorCode::AttachFailed, "cannot find the code of this program itself");
  UprobeLinks links;
  const std::array<UprobePoint, 2> points = {
      {{emulated_at->offset, 0}, {stepped_at->offset + kSteppedOffset, 0}}};
  const auto refused =
      links.attach(program.get(), attach_type, emulated_at->path, ::getpid(), points);
  if (!refused) return tl::unexpected(refused.error());
  if (!refused->empty()) return fail(ErrorCode::AttachFailed, "cannot probe this program itself");
  // In turns, so that a change of the machine's speed meets all.
  std::array<double, kRounds> emulated{};
  std::array<double, kRounds> stepped{};
  for (std::size_t round = 0; round < kRounds; ++round) {
    const double bare = call_ns(sonde_trap_none);
    emulated[round] = call_ns(sonde_trap_emulated) - bare;
    stepped[round] = call_ns(sonde_trap_stepped) - bare;
  }
  return TrapCost{median(emulated), median(stepped)};
}
#else
Result<TrapCost> measure_trap_cost(unsigned) {
  return fail(ErrorCode::UnsupportedPlatform, "the cost of probes is measured on x86-64 only");
}
#endif

}  // namespace sonde::core
