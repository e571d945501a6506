// One of the things that `sonde mem` watches: page faults, allocations, the kernel's own memory.
// Lanes share one BPF object and one StackRecorder, and know nothing of each other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sonde/accounting.hpp>
#include <sonde/error.hpp>
#include <sonde/memory_tracer.hpp>
#include <sonde/report.hpp>
#include "core/event_source.hpp"
#include "core/skeleton.hpp"
#include "symbolize/symbolizer.hpp"

struct mem_bpf;

namespace sonde::tracers {

class StackEvents;
class StackRecorder;

class MemLane {
 public:
  virtual ~MemLane() = default;

  /// Live events as well; before configure().
  virtual void send_events_to(StackEvents&) {}
  /// Sets constants, map sizes and which programs are loaded, of the opened object.
  virtual void configure(mem_bpf& object) = 0;
  /// The object is loaded: maps and programs have descriptors. It outlives the lane.
  virtual Result<void> loaded(mem_bpf& object) = 0;
  /// The gate is closed meanwhile.
  virtual Result<void> attach(std::vector<core::UniqueLink>& links) = 0;
  /// The gate was opened just now.
  virtual Result<void> opened() { return {}; }
  /// About once a second while running.
  virtual Result<void> maintain() { return {}; }
  /// Drops attachments that are not in the links that attach() was given.
  virtual void detach() noexcept {}
  virtual std::vector<core::EventSource*> sources() noexcept { return {}; }
  /// Live events that could not be made, so far.
  virtual std::uint64_t events_lost() const noexcept { return 0; }
  virtual Result<void> drain() noexcept { return {}; }

  /// Adds its part. What it recorded in the common stack counts is not yet among `reported`: see
  /// recorded().
  virtual void add_books(Accounting& books) const = 0;
  /// Events whose stacks are in the common counts.
  virtual std::uint64_t recorded() const noexcept = 0;
  virtual std::uint64_t program_runs() const noexcept = 0;
  virtual std::uint64_t ring_bytes() const noexcept { return 0; }
  /// As core::Tracer; at most one lane has traps.
  virtual std::uint64_t trap_count() const noexcept { return 0; }
  virtual std::optional<std::uint64_t> trap_cost_ns() const noexcept { return {}; }
  /// Recording ended by itself.
  virtual bool limit_reached() const noexcept { return false; }

  /// Sets aside what is to be reported. Quick.
  virtual void take() = 0;
  /// `counted`: what the common counts had for this lane's labels, which the lane takes out.
  virtual Result<void> add_sections(std::vector<symbolize::RawStack>& counted,
                                    std::vector<Section>& sections) = 0;
  virtual void add_statistics(MemoryStatistics& statistics) const = 0;
  virtual void add_notices(std::vector<std::string>& notices) const = 0;
};

}  // namespace sonde::tracers
