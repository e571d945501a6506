// Bytes and connections by process, remote address, port or cgroup: sums and rates.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>

#include <sonde/config.hpp>
#include <sonde/report.hpp>
#include "shared/net_event.h"
#include "tracers/net/totals.hpp"

namespace sonde::tracers {

class Traffic {
 public:
  explicit Traffic(NetworkGroup by) noexcept : by_(by) {}

  /// A TCP connection as it is now: what is new of it since the last time is added.
  void add_live(const sonde_connection_record& record);
  void add_closed(const sonde_connection_record& record, bool failed);
  /// A process has read more of a connection that had ended.
  void add_late_read(const sonde_connection_record& record, std::uint64_t bytes);
  /// What is new of a UDP or AF_UNIX socket.
  void add_flow(const sonde_flow& news);

  /// Of everything since the start.
  const TrafficSum& total() const noexcept { return total_; }
  /// Type "traffic": most bytes first. Since the last call, or since the start.
  Table take_interval(std::uint64_t now_ns);
  Table all(std::uint64_t now_ns) const;
  /// Rates are per second since this time.
  void started(std::uint64_t now_ns) noexcept { started_ns_ = interval_ns_ = now_ns; }

 private:
  struct Key {
    std::uint64_t number = 0;
    std::string name;
    auto operator<=>(const Key&) const = default;
  };
  using Sums = std::map<Key, TrafficSum>;

  Key key_of(const sonde_net_owner& owner, const sonde_net_ends& ends, std::uint8_t role) const;
  void add(const Key& key, const TrafficSum& sum);
  TrafficSum news_of(const sonde_connection_record& record, bool last);
  Table table(const Sums& sums, std::uint64_t duration_ns) const;

  NetworkGroup by_;
  TrafficSum total_;
  Sums since_start_;
  Sums interval_;
  std::uint64_t started_ns_ = 0;
  std::uint64_t interval_ns_ = 0;
  /// What was added of the open connections, by id.
  std::unordered_map<std::uint64_t, TrafficSum> added_;
};

/// The port that names the service: of a server the local one, of a client the remote one, else the
/// smaller.
std::uint16_t service_port(const sonde_net_ends& ends, std::uint8_t role) noexcept;

}  // namespace sonde::tracers
