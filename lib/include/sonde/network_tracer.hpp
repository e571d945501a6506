#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include <sonde/accounting.hpp>
#include <sonde/config.hpp>
#include <sonde/event.hpp>
#include <sonde/report.hpp>

namespace [[gnu::visibility("default")]] sonde {

/// Since start(), without what the filters left out.
struct NetworkStatistics : Accounting {
  /// TCP connections and listeners, UDP and AF_UNIX sockets.
  std::uint64_t total_connections = 0;
  /// Those of them that have not ended.
  std::uint64_t active_connections = 0;
  /// Payload. Of connections that are open: as of the last report.
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  /// TCP segments and datagrams.
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_received = 0;
};

/// Shows connections and what goes through them. Move-only. Each object is independent of every
/// other; the methods of one object must not be called from two threads at once.
///
/// Needs CAP_BPF and CAP_PERFMON (or root), and a kernel with BTF, 5.11 or later.
class EbpfNetworkTracer {
 public:
  explicit EbpfNetworkTracer(EbpfConfig config);
  EbpfNetworkTracer(EbpfNetworkTracer&&) noexcept;
  EbpfNetworkTracer& operator=(EbpfNetworkTracer&&) noexcept;
  EbpfNetworkTracer(const EbpfNetworkTracer&) = delete;
  EbpfNetworkTracer& operator=(const EbpfNetworkTracer&) = delete;
  /// Detaches and discards what was recorded if still running.
  ~EbpfNetworkTracer();

  /// Everything of start() that can fail for want of rights, memory or kernel features, without
  /// attaching anything. start() does it if it was not done. Errors are those of start().
  Result<void> prepare();

  /// Loads, attaches and begins to record. On error nothing stays loaded. ConfigError,
  /// InsufficientPermissions, IncompatibleKernel, LoadFailed, AttachFailed, MapOperationFailed;
  /// EventProcessingFailed if it was started before.
  Result<void> start();
  /// Detaches, and reports every connection that was there since start(), with its figures; with
  /// NetworkOptions::by sums instead. EventProcessingFailed if it is not running.
  Result<Report> stop();
  /// Traffic since start() or the last snapshot(): sums and rates, by NetworkOptions::by or by
  /// process. EventProcessingFailed if it is not running.
  Result<Report> snapshot();

  /// The next events, up to some thousands, with EventOptions::enabled: NetworkConnect and
  /// NetworkDisconnect, and NetworkPacket with NetworkOptions::packets. Empty if there are none
  /// yet.
  std::vector<EbpfEvent> take_events();
  /// Readable while there are events to take; -1 without EventOptions::enabled, and before
  /// prepare().
  int get_events_fd() const noexcept;
  /// Live events that nobody took in time. The report has them all the same.
  std::uint64_t get_events_lost() const noexcept;

  /// With NetworkOptions::events what has happened since the last call, as tables for renderers:
  /// each is a run of rows of one type ("net_event", "dns", ...), in order. What is not taken waits
  /// in memory, up to 200,000 rows.
  std::vector<Table> take_rows();

  /// Connections that begin while paused are counted as filtered, and UDP and AF_UNIX bytes are not
  /// counted. EventProcessingFailed if it is not running.
  Result<void> pause();
  Result<void> resume();

  bool is_running() const noexcept;
  NetworkStatistics get_stats() const;
  Overhead get_overhead() const;
  /// What the reports of this session will say about it: the machine, the plan, the settings.
  /// Complete once started; empty before prepare().
  ReportHeader get_header() const;
  /// Time since start(), or the session's length once stopped.
  std::chrono::nanoseconds get_duration() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sonde
