// DNS queries and what became of them.
#pragma once

#include <cstdint>
#include <vector>

#include "dns/lookups.hpp"
#include "shared/dns_event.h"
#include "tracers/net/lane.hpp"

namespace sonde::tracers {

class NetDns final : public NetLane {
 public:
  /// Rows between two reports; more are lost, and counted.
  static constexpr std::size_t kMostRows = 200'000;
  /// The resolvers of glibc and of musl wait as long.
  static constexpr std::chrono::seconds kTimeout{5};

  explicit NetDns(const NetContext& context) : context_(context) {}

  void configure(net_bpf& skeleton) override;
  std::vector<const bpf_program*> programs(const net_bpf& skeleton) const override;
  void detaching() noexcept override { detached_ = true; }
  bool consume(const sonde_record_header& header,
               std::span<const std::byte> record) noexcept override;
  Result<void> drain() noexcept override;
  void account(Accounting& books) const override;
  std::uint64_t program_runs() const noexcept override { return counters().runs; }
  void take() override;
  Result<void> sections(std::vector<Section>& sections) override;
  void notices(std::vector<std::string>& notices) const override;

 private:
  sonde_dns_counters counters() const noexcept;
  void collect();

  const NetContext context_;
  net_bpf* skeleton_ = nullptr;
  dns::Lookups lookups_{kTimeout};
  /// Packets that clients sent, of which the record has come.
  std::uint64_t sent_ = 0;
  bool detached_ = false;
  /// Told as waiting, since tracing has ended.
  std::uint64_t unfinished_ = 0;
  std::uint64_t rows_lost_ = 0;
  std::vector<dns::Lookup> rows_;
  std::vector<dns::Lookup> taken_;
};

}  // namespace sonde::tracers
