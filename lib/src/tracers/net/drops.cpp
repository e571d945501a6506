#include "tracers/net/drops.hpp"

#include <bpf/bpf.h>
#include <fmt/format.h>

#include <cstring>
#include <set>
#include <utility>

#include "core/bpf_iterator.hpp"
#include "core/clock.hpp"
#include "core/per_cpu.hpp"
#include "report/net_tables.hpp"
#include "tracers/net/events.hpp"
#include "tracers/net/skeleton.hpp"
#include "tracers/plan_entries.hpp"
#include "tracers/stacks/kernel_tables.hpp"

namespace sonde::tracers {
namespace {

using core::Feature;

}  // namespace

NetDrops::NetDrops(const NetContext& context)
    : context_(context), names_(context.features), stacks_(names_.symbolizer_options()) {
}

void NetDrops::configure(net_bpf& skeleton) {
  skeleton_ = &skeleton;
  if (auto configured = names_.configure(skeleton); !configured) error_ = configured.error();
  auto& rodata = *skeleton.rodata;
  rodata.stack_user = false;
  // The program, bpf_trace_run(), and with the other program that is there for the reasons, too,
  // __traceiter_kfree_skb().
  rodata.stack_own_frames = names_.reasons() != nullptr ? 3 : 2;
  rodata.drop_events = events();
  rodata.drop_most_flows = kFlowCapacity * 3 / 4;
  auto& programs = skeleton.progs;
  const core::DropReasons* const reasons = names_.reasons();
  const bool receiver = reasons != nullptr && reasons->tells_receiver();
  ::bpf_program__set_autoload(programs.net_drop_socket, receiver);
  ::bpf_program__set_autoload(programs.net_drop, reasons != nullptr && !receiver);
  ::bpf_program__set_autoload(programs.net_drop_no_reason, reasons == nullptr);
  ::bpf_program__set_autoload(programs.net_drop_owners, true);
  for (bpf_map* map : {skeleton.maps.drops_a, skeleton.maps.drops_b})
    ::bpf_map__set_max_entries(map, kFlowCapacity);
  for (bpf_map* map : {skeleton.maps.counts_a, skeleton.maps.counts_b})
    ::bpf_map__set_max_entries(map, StackRecorder::kCountCapacity);
  ::bpf_map__set_max_entries(skeleton.maps.stacks, StackRecorder::kRingBytes);
  configure_unwinder(skeleton.maps, false);
}

Result<void> NetDrops::loaded(net_bpf& skeleton) {
  if (error_) return tl::unexpected(*error_);
  const auto& maps = skeleton.maps;
  const bool batches = context_.features.has(Feature::batch_lookup);
  drain_.emplace(ingest::MapDrain::Maps{::bpf_map__fd(maps.drops), ::bpf_map__fd(maps.drops_a),
                                        ::bpf_map__fd(maps.drops_b), sizeof(sonde_drop_key),
                                        sizeof(sonde_drop_stats), kFlowCapacity},
                 batches);
  return stacks_.open({::bpf_map__fd(maps.counts), ::bpf_map__fd(maps.counts_a),
                       ::bpf_map__fd(maps.counts_b), ::bpf_map__fd(maps.stacks)},
                      false, batches);
}

std::vector<const bpf_program*> NetDrops::programs(const net_bpf& skeleton) const {
  const auto& programs = skeleton.progs;
  return {programs.net_drop_socket, programs.net_drop, programs.net_drop_no_reason};
}

Result<void> NetDrops::opened() {
  if (auto found = core::run_task_iterator(skeleton_->progs.net_drop_owners); !found)
    return tl::unexpected(found.error());
  return {};
}

// Sockets that were made since, whose packets are dropped before anything was sent or received.
Result<void> NetDrops::maintain() {
  if (auto maintained = stacks_.maintain(); !maintained) return maintained;
  const std::uint64_t unowned = skeleton_->bss->drop_unowned;
  return std::exchange(unowned_seen_, unowned) == unowned ? Result<void>() : opened();
}

bool NetDrops::consume(const sonde_record_header& header,
                       std::span<const std::byte> bytes) noexcept {
  sonde_drop_record record{};
  if (header.kind != SONDE_RECORD_DROP || bytes.size() < sizeof(record)) return false;
  std::memcpy(&record, bytes.data(), sizeof(record));
  ++counted_;
  const DropFlow flow{record.key, {1, record.bytes, record.header.time_ns}};
  const bool kept =
      context_.events.add(report::drop_table(),
                          drop_row(flow, names_.reason(record.key.reason),
                                   names_.function(record.key.location), context_.events.clock()));
  if (!kept) ++rows_lost_;
  return true;
}

std::vector<core::EventSource*> NetDrops::sources() noexcept {
  return stacks_.sources();
}

Result<void> NetDrops::drain() noexcept {
  skeleton_->bss->drop_flows = 0;
  auto drained =
      drain_->drain([this](std::span<const std::byte> key, std::span<const std::byte> value) {
        DropFlow flow;
        std::memcpy(&flow.key, key.data(), sizeof(flow.key));
        std::memcpy(&flow.sum, value.data(), sizeof(flow.sum));
        counted_ += flow.sum.packets;
        if (!flows_.add(flow, kMostRows)) rows_lost_ += flow.sum.packets;
      });
  return drained ? stacks_.drain() : drained;
}

sonde_drop_counters NetDrops::counters() const noexcept {
  return core::sum_counters<sonde_drop_counters>(::bpf_map__fd(skeleton_->maps.drop_counters));
}

void NetDrops::account(Accounting& books) const {
  const sonde_drop_counters c = counters();
  books.seen += c.seen;
  books.filtered += c.filtered_target + c.filtered_filter + c.filtered_paused;
  books.lost["drop_ring_full"] += c.lost_ring_full;
  books.lost["drop_map_full"] += c.lost_map_full;
  books.lost["drop_rows_full"] += rows_lost_;
  books.reported += counted_ - rows_lost_;
  books.in_flight += c.recorded - counted_;
  books.truncated["drop_addresses"] += c.merged;
  books.truncated["drop_stack_map_full"] += c.stacks_lost;
}

void NetDrops::take() {
  taken_ = flows_.take();
  stacks_.take(false);
}

Result<void> NetDrops::sections(std::vector<Section>& sections) {
  if (events()) return {};
  std::set<std::uint64_t> locations;
  for (const DropFlow& flow : taken_)
    locations.insert(flow.key.location);
  names_.learn(locations);
  Table table = report::drop_table();
  for (const DropFlow& flow : taken_) {
    table.rows.push_back(drop_row(flow, names_.reason(flow.key.reason),
                                  names_.function(flow.key.location), context_.events.clock()));
  }
  taken_.clear();
  sections.emplace_back(std::move(table));

  auto stacks = stacks_.taken();
  for (symbolize::RawStack& stack : stacks)
    stack.details = {names_.reason(stack.label_id)};
  StackProfile profile = stacks_.profile_of(std::move(stacks));
  profile.title = "Stacks of dropped packets";
  profile.type = "drop_stack";
  profile.by_process = true;
  profile.details = {{"reason", "REASON"}};
  profile.sample_types = {{"packets", "count"}};
  sections.emplace_back(std::move(profile));
  return {};
}

void NetDrops::notices(std::vector<std::string>& notices) const {
  for (const std::string& notice : stacks_.notices())
    notices.push_back(notice);
  if (const std::uint64_t merged = counters().merged; merged != 0) {
    notices.push_back(fmt::format(
        "{} drops are shown without addresses: they had too many different ones", merged));
  }
}

namespace {

Result<void> plan(const EbpfConfig&, const core::FeatureSet& features,
                  std::vector<PlanEntry>& entries) {
  const PlanEntries make("net");
  entries.push_back(features.has(Feature::drop_reasons)
                        ? make.primary("drops", "tp_btf:kfree_skb")
                        : make.fallback("drops", "tp_btf:kfree_skb",
                                        "the kernel tells no reason, and packets that it frees "
                                        "after use may be among them",
                                        "boot Linux 5.17 or later"));
  return {};
}

// Neither memory nor programs.
void leave_out(net_bpf& skeleton) {
  for (bpf_map* map : {skeleton.maps.drops_a, skeleton.maps.drops_b, skeleton.maps.counts_a,
                       skeleton.maps.counts_b, skeleton.maps.announced})
    ::bpf_map__set_max_entries(map, 1);
  ::bpf_map__set_max_entries(skeleton.maps.stacks, 4096);
  configure_unwinder(skeleton.maps, false);
}

}  // namespace

extern const NetLaneEntry net_drops;
const NetLaneEntry net_drops = {
    .wanted = [](const NetworkOptions& options) { return options.drops; },
    .plan = plan,
    .leave_out = leave_out,
    .make = [](const NetContext& context) -> std::unique_ptr<NetLane> {
      return std::make_unique<NetDrops>(context);
    },
};

}  // namespace sonde::tracers
