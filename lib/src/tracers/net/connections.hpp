// TCP connections, and what goes through UDP and AF_UNIX sockets.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "net/ending.hpp"
#include "tracers/net/drop_causes.hpp"
#include "tracers/net/flows.hpp"
#include "tracers/net/lane.hpp"
#include "tracers/net/routes.hpp"
#include "tracers/net/skeleton.hpp"
#include "tracers/net/tracer.hpp"
#include "tracers/net/traffic.hpp"

namespace sonde::tracers {

class NetConnections final : public NetLane {
 public:
  explicit NetConnections(const NetContext& context);

  void configure(net_bpf& skeleton) override;
  Result<void> loaded(net_bpf& skeleton) override;
  std::vector<const bpf_program*> programs(const net_bpf& skeleton) const override;
  Result<void> opened() override;
  void detaching() noexcept override;
  bool consume(const sonde_record_header& header,
               std::span<const std::byte> record) noexcept override;
  Result<void> drain() noexcept override;
  void account(Accounting& books) const override;
  std::uint64_t program_runs() const noexcept override;
  void take() override;
  Result<void> sections(std::vector<Section>& sections) override;
  void notices(std::vector<std::string>& notices) const override;
  void add_totals(NetTotals& totals) const override;

 private:
  bool only_events() const noexcept { return context_.config.network.events; }
  sonde_net_counters counters() const noexcept;
  /// Into `live_`: what is in the kernel now. Reads the ring, and so what came before, too.
  Result<void> read_sockets() noexcept;
  /// The same, with owners found and without those of others.
  Result<void> read_live() noexcept;
  void account_events(const sonde_net_counters& counters, Accounting& books) const;
  void add_live(const sonde_connection_record& record);
  void tell(const sonde_connection_record& record);
  void tell(const sonde_transfer_record& transfer);
  void close(const sonde_connection_record& record, const net::EndingContext& ending);
  /// What is known of one that has failed, now that it has.
  net::EndingContext learn_ending(const sonde_connection_record& record);
  /// What DNS has told about the other end.
  void add_names(const sonde_connection_record& record, net::EndingContext& context) const;
  void read_late(const sonde_late_read_record& late);
  void add_latencies(const sonde_connection_record& record);
  bool is_nobodys(const sonde_connection_record& record) const noexcept;

  const NetContext context_;
  net_bpf* skeleton_ = nullptr;
  std::optional<NetFlows> flows_;
  std::optional<NetRoutes> routes_;
  /// Where the kernel tells why it drops packets.
  std::optional<DropCauses> causes_;
  Traffic traffic_;

  /// Since the start: those that ended, up to max_connections.
  std::vector<sonde_connection_record> closed_;
  /// Of those that were not read to their end: where they are in `closed_`.
  struct Unread {
    sonde_connection_record record;
    std::size_t place;
  };
  std::unordered_map<std::uint64_t, Unread> unread_;
  /// Of those in `closed_` that failed, by id, where there is something to tell.
  std::unordered_map<std::uint64_t, net::DroppedPackets> dropped_;
  std::uint64_t closed_count_ = 0;
  std::uint64_t closed_lost_ = 0;
  /// Those that were open when they were read for the last time, up to max_connections.
  std::vector<sonde_connection_record> live_;
  std::uint64_t live_lost_ = 0;
  std::uint32_t live_round_ = 0;
  bool reading_live_ = false;
  /// Of connections that ended since that began.
  std::unordered_set<std::uint64_t> closed_since_live_;
  std::uint64_t live_nobodys_ = 0;
  std::uint64_t event_count_ = 0;
  /// Rows of the live trace that nobody took in time.
  std::uint64_t rows_lost_ = 0;
  bool detached_ = false;
  std::optional<Error> error_;

  /// What take() set aside.
  std::vector<sonde_connection_record> taken_closed_;
  std::unordered_map<std::uint64_t, net::DroppedPackets> taken_dropped_;
  std::vector<sonde_connection_record> taken_live_;
  std::vector<FlowTotal> taken_flows_;
  std::optional<Table> taken_traffic_;
  std::uint64_t taken_ns_ = 0;
};

}  // namespace sonde::tracers
