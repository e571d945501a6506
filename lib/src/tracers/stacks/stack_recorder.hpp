// What every tracer that records stacks needs: where they come from, and how they get their names.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <sonde/config.hpp>
#include <sonde/report.hpp>
#include "aggregate/stack_counts.hpp"
#include "core/event_source.hpp"
#include "ingest/count_drain.hpp"
#include "ingest/ring_source.hpp"
#include "ingest/sideband.hpp"
#include "process/address_spaces.hpp"
#include "symbolize/symbolizer.hpp"
#include "tracers/stacks/stack_events.hpp"
#include "tracers/stacks/unwinder.hpp"

namespace sonde::tracers {

/// How the configuration wants frames to be named. `most_stacks`: of a profile; 0: all, but for
/// reports at intervals.
symbolize::SymbolizerOptions symbolizer_options(const EbpfConfig& config,
                                                std::uint64_t most_stacks = 0);

class StackRecorder {
 public:
  /// Distinct stacks between two drains, and the ring that carries each of them once.
  static constexpr std::uint32_t kCountCapacity = 16384;
  static constexpr std::uint32_t kRingBytes = 1 << 20;

  /// The maps of stack_counts.bpf.h; the descriptors stay the caller's.
  struct Maps {
    int counts_fd = -1;
    int counts_a_fd = -1;
    int counts_b_fd = -1;
    int stacks_fd = -1;
    std::uint32_t count_capacity = kCountCapacity;
  };
  /// Name of the frame that tells what a stack is of, by its label.
  using LabelName = std::function<std::string(std::uint32_t)>;

  /// `weighed`: the object was built with STACK_WEIGHED.
  explicit StackRecorder(symbolize::SymbolizerOptions options, LabelName label_name = {},
                         bool weighed = false);

  /// Live events as well; before open(). `decode` makes one of a record of another kind than those
  /// of stacks that came with them; empty if it is malformed.
  using DecodeEvent = std::function<std::optional<StackEvent>(std::span<const std::byte>)>;
  void send_events_to(StackEvents& events, DecodeEvent decode = {}) {
    events_ = &events;
    decode_event_ = std::move(decode);
  }

  /// `sideband`: follow new mappings by the kernel's records. `batches`: as CountDrain.
  Result<void> open(const Maps& maps, bool sideband, bool batches);
  /// Where stacks are unwound by call frame information, after open(): makes the tables of what
  /// `tgids` map now, and of other files as samples meet them. `by_process`: see Unwinder::open().
  Result<void> open_unwinder(const UnwindMaps& maps, std::uint64_t table_bytes,
                             std::span<const std::uint32_t> tgids, bool by_process = false);
  /// Files that a target is about to run code of: they are ready when this returns.
  void expect(std::span<const std::shared_ptr<const process::MappedFile>> files);
  /// The same of what processes map now.
  void expect_processes(std::span<const std::uint32_t> tgids);
  /// Mappings before stacks: the first stack of a process asks for what it maps.
  std::vector<core::EventSource*> sources() noexcept;
  Result<void> drain();
  /// For CPUs that come and go, and processes that are over.
  Result<void> maintain();

  /// Sets aside what was counted since the last call. `last`: as StackCounts::take().
  void take(bool last);
  /// What take() set aside, with names. Title, sample types and period are left to the caller.
  StackProfile profile() { return profile_of(taken()); }
  /// What take() set aside, for a caller that makes several profiles of it.
  std::vector<symbolize::RawStack> taken() { return std::exchange(taken_, {}); }
  StackProfile profile_of(std::vector<symbolize::RawStack> stacks);

  /// Names for stacks of this recorder at any time, from any thread: one stack for each.
  StackProfile name(std::span<const symbolize::RawStack> stacks);

  /// `most_stacks`, if a profile had more; else 0.
  std::size_t bounded_to() const noexcept { return bounded_ ? most_stacks_ : 0; }

  const aggregate::StackCounts& counts() const noexcept { return counts_; }
  /// Kernel memory that no BPF object holds.
  std::uint64_t ring_bytes() const noexcept;
  core::ThreadTime worker_time() const;
  /// Why stacks are incomplete, by name, into the books.
  void count_truncated(std::map<std::string, std::uint64_t>& truncated) const;
  /// Mean delay of stack records from the kernel.
  std::optional<double> event_latency_us() const noexcept;
  std::vector<std::string> notices() const;

 private:
  void on_record(std::span<const std::byte> record) noexcept;
  bool consume(std::span<const std::byte> record);
  void on_stack(std::span<const std::byte> record);

  process::AddressSpaces spaces_;
  std::unique_ptr<ingest::RingSource> ring_;
  std::unique_ptr<ingest::Sideband> sideband_;
  std::optional<ingest::CountDrain> drain_;
  bool weighed_;
  std::size_t most_stacks_;
  bool bounded_ = false;
  aggregate::StackCounts counts_;
  std::uint64_t malformed_ = 0;
  std::uint64_t latency_total_ns_ = 0;
  std::uint64_t latency_records_ = 0;
  std::vector<symbolize::RawStack> taken_;
  StackEvents* events_ = nullptr;
  DecodeEvent decode_event_;
  mutable std::mutex naming_;  // of the symbolizer
  symbolize::Symbolizer symbolizer_;
  std::unique_ptr<Unwinder> unwinder_;  // its thread uses spaces_
  LabelName label_name_;
};

}  // namespace sonde::tracers
