// Raw stacks in, named stacks out. Runs off the hot path, at a snapshot or at the end of a session.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <sonde/error.hpp>
#include <sonde/report.hpp>
#include "process/address_spaces.hpp"
#include "process/frame_files.hpp"
#include "symbolize/debuginfod.hpp"

namespace sonde::symbolize {

/// A stack as it left the kernel.
struct RawStack {
  std::int32_t pid = 0;
  std::int32_t tid = 0;
  std::string comm;
  /// When the stack was first seen (CLOCK_MONOTONIC), to choose among the mappings of a process
  /// over time.
  std::uint64_t time_ns = 0;
  /// Instruction addresses, leaf first. All but the leaf of each part are return addresses. Those
  /// of user space are addresses of the process or places in files (unwind_event.h).
  std::vector<std::uint64_t> kernel;
  std::vector<std::uint64_t> user;
  std::vector<std::uint64_t> values;
  /// What the stack is of, for the caller.
  std::uint32_t label_id = 0;
  /// Name of a frame to put before all others, such as "syscall:openat"; empty for none.
  std::string label = {};
  /// As Stack::details.
  std::vector<Value> details = {};
  /// Stands for stacks of its process of which only the sum is left: it has no frames of its own.
  bool left_out = false;
};

/// The only frame, besides a label, of what stands for the stacks that are left out.
inline constexpr const char* kOtherStacks = "[other stacks]";

struct SymbolizerOptions {
  /// Prefixed to /proc/kallsyms, /usr/lib/debug and the like: "" on a live system, a fake tree in
  /// tests.
  std::string root = {};
  /// Off: kernel frames keep their addresses.
  bool kernel_symbols = true;
  /// Names kernel addresses in the spelling of the kernel's %ps format ("name", "name [module]",
  /// "0x..." where there is none), one for each address. Without it /proc/kallsyms is read.
  std::function<Result<std::vector<std::string>>(std::span<const std::uint64_t>)> kernel_names = {};
  /// Frames for inlined calls, and source lines, where there is debug information.
  bool inlined_calls = true;
  /// Of a profile, as largest_stacks(); 0: all.
  std::size_t most_stacks = 0;
  /// Asks debuginfod for debug files that this machine does not have.
  std::optional<Debuginfod::Options> debuginfod = {};
};

/// Holds the caches (symbols by build-id), so that repeated snapshots do not read a file twice. Not
/// thread-safe.
class Symbolizer {
 public:
  explicit Symbolizer(SymbolizerOptions options = {});
  ~Symbolizer();
  Symbolizer(Symbolizer&&) noexcept;
  Symbolizer& operator=(Symbolizer&&) noexcept;

  /// Fails if what the options ask for is not there, such as libdebuginfod.
  Result<void> prepare();

  /// Every address becomes at least one frame, and one more for each call that was inlined there;
  /// one without a symbol is named "[module+0xoffset]", or "[unknown+0xaddress]" when no mapping is
  /// known. Stacks that are equal after naming (same pid,
  /// tid, comm and frames) are merged; result is sorted as StackProfile says. Reads each needed
  /// file once, with memory bounded by the number of addresses, not by the size of its symbol
  /// table. sample_types, period and title are left to the caller.
  StackProfile symbolize(std::span<const RawStack> stacks, const process::AddressSpaces& spaces,
                         const process::FrameFiles& files = {});

  /// The same, but one stack for each that is given, in the same order.
  StackProfile symbolize_each(std::span<const RawStack> stacks,
                              const process::AddressSpaces& spaces,
                              const process::FrameFiles& files = {});

  /// What could not be read and so left addresses without names, one sentence each, such as
  /// "/proc/kallsyms shows zeros: kernel frames have no names (needs CAP_SYSLOG)".
  const std::vector<std::string>& notices() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sonde::symbolize
