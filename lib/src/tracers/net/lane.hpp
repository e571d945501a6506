// What the network tracer is put together from: connections, drops, DNS, HTTP. Each lane owns its
// programs and maps in net.bpf.c, the kinds of records it understands, its part of the books and
// its sections of the report.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <sonde/accounting.hpp>
#include <sonde/config.hpp>
#include <sonde/report.hpp>
#include "core/event_source.hpp"
#include "core/features.hpp"
#include "core/skeleton.hpp"
#include "core/thread_time.hpp"
#include "wire.h"

// The skeleton uses the types of the shared headers.
struct net_bpf;

namespace sonde::tracers {

class NameHistory;
class NetEvents;
class NetLatencies;
struct NetTotals;
struct TargetFilter;

/// What all lanes share; it outlives them.
struct NetContext {
  const EbpfConfig& config;
  const TargetFilter& filter;
  const core::FeatureSet& features;
  /// Rows of the live trace.
  NetEvents& events;
  /// Round-trip times and latencies by name, shown in one table.
  NetLatencies& latencies;
  /// Filled where DNS is traced.
  NameHistory& names;
  /// Hands every record that is in net_ring now to the lanes.
  const std::function<Result<void>()>& read_ring;
};

class NetLane {
 public:
  virtual ~NetLane() = default;

  /// Before load: constants, sizes of maps, and bpf_program__set_autoload() of its programs, which
  /// are off.
  virtual void configure(net_bpf& skeleton) = 0;
  /// After load: reads from its own maps and rings may be set up.
  virtual Result<void> loaded(net_bpf& skeleton);
  /// In the order in which they are to be attached; those that were not loaded are skipped.
  virtual std::vector<const bpf_program*> programs(const net_bpf& skeleton) const = 0;
  /// Just after the gate was opened.
  virtual Result<void> opened();
  virtual Result<void> maintain();
  /// The gate is closed, and programs are still attached.
  virtual void detaching() noexcept;

  /// One record of net_ring. False if it is not of this lane.
  virtual bool consume(const sonde_record_header& header,
                       std::span<const std::byte> record) noexcept = 0;
  /// Sources of its own, besides net_ring.
  virtual std::vector<core::EventSource*> sources() noexcept;
  /// As core::Tracer::drain().
  virtual Result<void> drain() noexcept;
  /// Adds its part. Reasons of loss are in words of its own: "dns_ring_full".
  virtual void account(Accounting& books) const = 0;
  virtual std::uint64_t program_runs() const noexcept = 0;
  virtual std::uint64_t ring_bytes() const noexcept;
  virtual core::ThreadTime worker_time() const;
  /// As core::Tracer::trap_count() and trap_cost_ns(): for lanes with uprobes.
  virtual std::uint64_t trap_count() const noexcept;

  /// Sets aside what was recorded since the last call. Under the session's lock.
  virtual void take() = 0;
  /// Appends the sections for what take() set aside. Without the lock.
  virtual Result<void> sections(std::vector<Section>& sections) = 0;
  virtual void notices(std::vector<std::string>& notices) const;
  virtual void add_totals(NetTotals& totals) const;
};

/// One lane in the list of net_lanes.cpp.
struct NetLaneEntry {
  /// Whether the configuration asks for it.
  bool (*wanted)(const NetworkOptions& options);
  /// Says in the plan what it will use. Pure. IncompatibleKernel if it cannot do what is asked.
  Result<void> (*plan)(const EbpfConfig& config, const core::FeatureSet& features,
                       std::vector<PlanEntry>& entries);
  /// The configuration does not ask for it: makes its maps as small as may be.
  void (*leave_out)(net_bpf& skeleton);
  std::unique_ptr<NetLane> (*make)(const NetContext& context);
};

/// Every lane, in the order of the report.
std::span<const NetLaneEntry* const> net_lanes();

}  // namespace sonde::tracers
