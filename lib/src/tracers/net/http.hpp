// HTTP/1 exchanges of clients and servers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "ingest/ring_source.hpp"
#include "tracers/net/http_exchanges.hpp"
#include "tracers/net/http_rows.hpp"
#include "tracers/net/lane.hpp"
#include "tracers/net/skeleton.hpp"
#include "tracers/net/tls_probes.hpp"

namespace sonde::tracers {

class NetHttp final : public NetLane {
 public:
  explicit NetHttp(const NetContext& context);

  void configure(net_bpf& skeleton) override;
  Result<void> loaded(net_bpf& skeleton) override;
  std::vector<const bpf_program*> programs(const net_bpf& skeleton) const override;
  bool consume(const sonde_record_header& header,
               std::span<const std::byte> record) noexcept override;
  std::vector<core::EventSource*> sources() noexcept override;
  Result<void> opened() override;
  Result<void> maintain() override;
  void detaching() noexcept override;
  void account(Accounting& books) const override;
  std::uint64_t program_runs() const noexcept override;
  std::uint64_t trap_count() const noexcept override;
  void take() override;
  Result<void> sections(std::vector<Section>& sections) override;
  void notices(std::vector<std::string>& notices) const override;

 private:
  /// One or two records, of which the second is the older one.
  void add(std::span<const std::byte> piece);
  void add_record(std::span<const std::byte> record);
  Result<void> read_waiting();
  sonde_http_counters counters() const noexcept;

  const NetContext context_;
  net_bpf* skeleton_ = nullptr;
  std::unique_ptr<ingest::RingSource> ring_;
  std::optional<TlsProbes> tls_;
  HttpExchanges exchanges_;
  HttpRows rows_;
  bool detached_ = false;
  std::optional<Error> error_;
  std::uint64_t done_count_ = 0;
  std::uint64_t rows_lost_ = 0;
  std::uint64_t pathless_ = 0;
  /// Of one record; kept for its memory.
  std::vector<HttpExchange> done_;

  /// What take() set aside.
  HttpRows taken_;
  http::Counts taken_counts_;
};

}  // namespace sonde::tracers
