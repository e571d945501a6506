// What a tracer is to a Session: the Session decides when, the tracer knows what.
#pragma once

#include <bpf/libbpf.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sonde/accounting.hpp>
#include <sonde/error.hpp>
#include <sonde/report.hpp>
#include "core/bpf_stats.hpp"
#include "core/event_queue.hpp"
#include "core/event_source.hpp"
#include "core/thread_time.hpp"

namespace sonde::core {

class Tracer {
 public:
  virtual ~Tracer() = default;
  virtual std::string_view name() const noexcept = 0;
  /// What this tracer does on this kernel; fixed at construction.
  virtual const std::vector<PlanEntry>& plan() const noexcept = 0;

  /// Where live events go; called before load(), and only if someone wants them.
  void send_events_to(EventQueue& queue) noexcept { events_ = &queue; }
  /// Live events in the order in which they happened, at most about `limit`; empty if there are
  /// none yet. Called without the session's lock, never from two threads at once: what is costly,
  /// such as names, is for here.
  virtual std::vector<EbpfEvent> take_events(std::size_t limit) {
    return events_ == nullptr ? std::vector<EbpfEvent>() : events_->take(limit);
  }

  /// Opens, configures and loads the BPF object. Nothing runs yet.
  virtual Result<void> load() = 0;
  /// Attaches every program of the plan. The gate is closed meanwhile.
  virtual Result<void> attach() = 0;
  /// Called once, just after the gate was opened.
  virtual Result<void> opened() { return {}; }
  /// Called about once a second while running, for what may change under way (CPUs that come
  /// online).
  virtual Result<void> maintain() { return {}; }
  virtual void detach() noexcept = 0;

  /// SONDE_GATE_* in the mapped .bss; valid after load().
  virtual volatile std::uint32_t& gate() noexcept = 0;
  virtual const bpf_object* object() const noexcept = 0;
  virtual std::vector<EventSource*> sources() noexcept = 0;

  /// Moves what the kernel aggregated into this object. About once a second, and last after
  /// detach().
  virtual Result<void> drain() noexcept = 0;
  /// Exact once drained after detach(); while running, what is under way counts as in_flight.
  virtual Accounting accounting() const = 0;
  /// Memory of buffers that are not BPF maps (perf rings).
  virtual std::uint64_t ring_bytes() const noexcept = 0;
  /// CPU time of threads of its own.
  virtual ThreadTime worker_time() const { return {}; }
  /// Mean delay from kernel to user space of the records so far.
  virtual std::optional<double> event_latency_us() const noexcept = 0;
  /// Program runs whose interrupt or trap the traced programs paid for.
  virtual std::uint64_t trap_count() const noexcept { return 0; }
  /// What one of them cost, without the program; empty if it was not measured. Called once, after
  /// detach().
  virtual std::optional<std::uint64_t> trap_cost_ns() noexcept { return {}; }
  /// Runs of the BPF programs that count them, by which the measured time of all is scaled. Runs
  /// that find nothing to do need not be counted.
  virtual std::uint64_t program_runs() const noexcept = 0;
  /// Whether the plan measures the time in BPF programs.
  virtual bool measures_program_time() const noexcept = 0;
  /// When to measure it: programs that run seldom need long windows, and those that run often must
  /// not be slowed for long.
  virtual StatsWindows stats_windows() const noexcept { return {}; }
  /// True when recording ended by itself (max_samples).
  virtual bool limit_reached() const noexcept = 0;

  /// Sets aside what was recorded since the last call. Called under the session's lock: quick.
  virtual void take() = 0;
  /// Sections for what take() set aside. Called without the lock, so that symbolizing does not hold
  /// up draining.
  virtual Result<std::vector<Section>> sections() = 0;
  /// What the reader of the figures must know.
  virtual std::vector<std::string> notices() const = 0;

 protected:
  /// Null if nobody wants live events: then none need be made. push() is all that a tracer does,
  /// from where it consumes its records.
  EventQueue* events() const noexcept { return events_; }

 private:
  EventQueue* events_ = nullptr;
};

}  // namespace sonde::core
