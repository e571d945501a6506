#include "core/trap_cost.hpp"

#include <fmt/format.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <string>

#include "core/clock.hpp"
#include "core/kernel_error.hpp"
#include "core/uprobe_links.hpp"
#include "util/fail.hpp"

#ifdef __x86_64__
extern "C" {
void sonde_trap_emulated();
void sonde_trap_stepped();
}
asm(R"(
.text
.hidden sonde_trap_emulated
.globl sonde_trap_emulated
.type sonde_trap_emulated, @function
sonde_trap_emulated:
  push %rbx
  pop %rbx
  ret
.size sonde_trap_emulated, . - sonde_trap_emulated
.hidden sonde_trap_stepped
.globl sonde_trap_stepped
.type sonde_trap_stepped, @function
sonde_trap_stepped:
  test %rax, %rax
  ret
.size sonde_trap_stepped, . - sonde_trap_stepped
)");
#endif

namespace sonde::core {

#ifdef __x86_64__
namespace {

using Code = void (*)();

constexpr int kBatches = 8;
constexpr int kHitsInBatch = 200;

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

// The least of several: what disturbs a batch only makes it longer.
double fastest_call_ns(Code code) {
  std::uint64_t fastest = std::numeric_limits<std::uint64_t>::max();
  for (int batch = 0; batch < kBatches; ++batch) {
    const std::uint64_t start = monotonic_ns();
    for (int hit = 0; hit < kHitsInBatch; ++hit)
      code();
    fastest = std::min(fastest, monotonic_ns() - start);
  }
  return static_cast<double>(fastest) / kHitsInBatch;
}

Result<double> cost_of(int program_fd, unsigned attach_type, Code code) {
  CodePlace place;
  place.address = reinterpret_cast<std::uintptr_t>(code);
  ::dl_iterate_phdr(find_place, &place);
  const double bare_ns = fastest_call_ns(code);
  UprobeLinks links;
  const std::array<UprobePoint, 1> point = {{{place.offset, 0}}};
  const auto refused = links.attach(program_fd, attach_type, place.path, ::getpid(), point);
  if (!refused) return tl::unexpected(refused.error());
  if (!refused->empty()) return fail(ErrorCode::AttachFailed, "cannot probe this program itself");
  return std::max(fastest_call_ns(code) - bare_ns, 0.0);
}

}  // namespace

Result<TrapCost> measure_trap_cost(unsigned attach_type) {
  const UniqueFd program = load_empty_uprobe_program(attach_type);
  if (!program) return tl::unexpected(load_error("sonde_empty", errno, {}));
  const auto emulated = cost_of(program.get(), attach_type, sonde_trap_emulated);
  if (!emulated) return tl::unexpected(emulated.error());
  const auto stepped = cost_of(program.get(), attach_type, sonde_trap_stepped);
  if (!stepped) return tl::unexpected(stepped.error());
  return TrapCost{*emulated, *stepped};
}
#else
Result<TrapCost> measure_trap_cost(unsigned) {
  return fail(ErrorCode::UnsupportedPlatform, "the cost of probes is measured on x86-64 only");
}
#endif

}  // namespace sonde::core
