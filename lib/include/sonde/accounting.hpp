// The books: what happened to every event that the kernel handed to a tracer, and what tracing it
// cost.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace [[gnu::visibility("default")]] sonde {

/// Exact for one tracer over the whole session: seen = reported + filtered + every lost +
/// in_flight.
struct Accounting {
  std::string tracer;
  std::uint64_t seen = 0;
  std::uint64_t reported = 0;
  std::uint64_t filtered = 0;
  /// Events lost, by reason. A reason that cannot occur is absent; one that did not occur may be 0.
  std::map<std::string, std::uint64_t> lost;
  std::uint64_t in_flight = 0;
  /// Reported events whose stack is incomplete, by reason. Not part of the sum: they are in
  /// `reported`.
  std::map<std::string, std::uint64_t> truncated;

  std::uint64_t lost_total() const noexcept;
  std::uint64_t truncated_total() const noexcept;
  bool balanced() const noexcept;
};

/// What the session cost. A part that could not be measured is empty, never 0.
struct Overhead {
  /// Sum of the parts below over the session's duration, in percent of one CPU.
  double cpu_percent = 0;
  /// User-mode and kernel-mode CPU time of the tracing process during the session.
  std::uint64_t user_cpu_ns = 0;
  std::uint64_t system_cpu_ns = 0;
  /// Time spent inside BPF programs, all CPUs.
  std::optional<std::uint64_t> bpf_ns;
  /// Estimated cost of the interrupts or traps that run the programs, which the traced programs
  /// pay.
  std::optional<std::uint64_t> target_trap_ns;
  /// rss_bytes + map_bytes.
  std::uint64_t memory_bytes = 0;
  std::uint64_t rss_bytes = 0;
  /// Kernel memory of the session's maps and rings.
  std::uint64_t map_bytes = 0;
  /// Mean delay from an event in the kernel to its arrival in user space.
  std::optional<double> event_latency_us;

  /// Sets cpu_percent from the parts that were measured.
  void update_percent(std::chrono::nanoseconds duration) noexcept;
};

}  // namespace sonde
