// Packets that the kernel drops: by reason and packet, and by kernel stack.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "ingest/map_drain.hpp"
#include "shared/drop_event.h"
#include "tracers/net/drop_names.hpp"
#include "tracers/net/drop_table.hpp"
#include "tracers/net/lane.hpp"
#include "tracers/stacks/stack_recorder.hpp"

namespace sonde::tracers {

class NetDrops final : public NetLane {
 public:
  /// Different packets, reasons and places between two drains; a quarter of it is kept for drops
  /// that are told apart by reason and place only.
  static constexpr std::uint32_t kFlowCapacity = 16384;
  /// In a report.
  static constexpr std::size_t kMostRows = 100'000;

  explicit NetDrops(const NetContext& context);

  void configure(net_bpf& skeleton) override;
  Result<void> loaded(net_bpf& skeleton) override;
  std::vector<const bpf_program*> programs(const net_bpf& skeleton) const override;
  Result<void> opened() override;
  Result<void> maintain() override;
  bool consume(const sonde_record_header& header,
               std::span<const std::byte> record) noexcept override;
  std::vector<core::EventSource*> sources() noexcept override;
  Result<void> drain() noexcept override;
  void account(Accounting& books) const override;
  std::uint64_t program_runs() const noexcept override { return counters().seen; }
  std::uint64_t ring_bytes() const noexcept override { return stacks_.ring_bytes(); }
  void take() override;
  Result<void> sections(std::vector<Section>& sections) override;
  void notices(std::vector<std::string>& notices) const override;

 private:
  bool events() const noexcept { return context_.config.network.events; }
  sonde_drop_counters counters() const noexcept;

  const NetContext context_;
  net_bpf* skeleton_ = nullptr;
  DropNames names_;
  std::optional<Error> error_;
  std::optional<ingest::MapDrain> drain_;
  StackRecorder stacks_;

  std::uint64_t counted_ = 0;
  std::uint64_t rows_lost_ = 0;
  std::uint64_t unowned_seen_ = 0;
  DropFlows flows_;
  std::vector<DropFlow> taken_;
};

}  // namespace sonde::tracers
