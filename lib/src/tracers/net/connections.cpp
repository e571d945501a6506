#include "tracers/net/connections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <utility>

#include "core/bpf_iterator.hpp"
#include "core/clock.hpp"
#include "core/per_cpu.hpp"
#include "net/address.hpp"
#include "net/ending.hpp"
#include "process/cgroup_paths.hpp"
#include "report/net_tables.hpp"
#include "tracers/net/events.hpp"
#include "tracers/net/latencies.hpp"
#include "tracers/net/name_history.hpp"
#include "tracers/net/plan.hpp"
#include "tracers/net/tables.hpp"
#include "tracers/target_filter.hpp"

namespace sonde::tracers {
namespace {

constexpr std::size_t kMostUnread = 100'000;

// Network namespace and port: the address of a listener may be the unspecified one.
using ListenerKey = std::pair<std::uint32_t, std::uint16_t>;

bool is_unowned(const sonde_connection_record& record) {
  return record.owner.comm[0] == '\0' && record.owner.tgid == 0;
}

}  // namespace

NetConnections::NetConnections(const NetContext& context)
    : context_(context), traffic_(context.config.network.by) {
}

void NetConnections::configure(net_bpf& skeleton) {
  skeleton_ = &skeleton;
  skeleton.rodata->net_events = context_.events.wanted();
  skeleton.rodata->net_transfers = context_.events.wanted() && context_.config.network.packets;
  auto& programs = skeleton.progs;
  const bool lengths = context_.features.has(core::Feature::socket_lengths);
  for (bpf_program* program :
       {programs.net_tcp_state, programs.net_tcp_state_again, programs.net_tcp_destroy,
        programs.net_tcp_send_reset, programs.net_tcp_receive_reset, programs.net_seed,
        programs.net_live})
    ::bpf_program__set_autoload(program, true);
  ::bpf_program__set_autoload(programs.net_tcp_retransmit, context_.events.wanted());
  ::bpf_program__set_autoload(programs.net_send_length, lengths);
  ::bpf_program__set_autoload(programs.net_recv_length, lengths);
  ::bpf_program__set_autoload(programs.net_tcp_reads, !lengths);
  const bool routes = context_.features.has(core::Feature::route_lookups);
  ::bpf_program__set_autoload(programs.net_route4, routes);
  ::bpf_program__set_autoload(programs.net_route6, routes);
  if (context_.features.has(core::Feature::drop_reasons)) {
    causes_.emplace(context_.features);
    if (auto configured = causes_->configure(skeleton); !configured) error_ = configured.error();
  } else {
    ::bpf_map__set_max_entries(skeleton.maps.drop_causes, 1);
  }
  for (bpf_map* map : {skeleton.maps.flows_a, skeleton.maps.flows_b})
    ::bpf_map__set_max_entries(map, NetFlows::kCapacity);
}

Result<void> NetConnections::loaded(net_bpf& skeleton) {
  if (error_) return tl::unexpected(*error_);
  flows_.emplace(skeleton, context_.features.has(core::Feature::batch_lookup),
                 context_.config.network.max_connections);
  if (context_.features.has(core::Feature::route_lookups)) routes_.emplace(skeleton);
  return {};
}

// A connection's figures must not be looked at before its state is.
std::vector<const bpf_program*> NetConnections::programs(const net_bpf& skeleton) const {
  const auto& programs = skeleton.progs;
  return {programs.net_tcp_state,
          programs.net_tcp_state_again,
          programs.net_tcp_destroy,
          programs.net_tcp_send_reset,
          programs.net_tcp_receive_reset,
          programs.net_tcp_retransmit,
          programs.net_send_length,
          programs.net_recv_length,
          programs.net_tcp_reads,
          programs.net_route4,
          programs.net_route6,
          programs.net_drop_cause};
}

Result<void> NetConnections::opened() {
  traffic_.started(core::monotonic_ns());
  if (auto seeded = core::run_task_iterator(skeleton_->progs.net_seed); !seeded)
    return tl::unexpected(seeded.error());
  return {};
}

// As often as the ring holds a part of them, and no longer than it does.
Result<void> NetConnections::read_sockets() noexcept {
  live_.clear();
  live_lost_ = 0;
  skeleton_->bss->net_live_round = ++live_round_;
  std::uint64_t before = 0;
  do {
    before = live_.size() + live_lost_;
    skeleton_->bss->net_live_left = 0;
    auto walked = core::run_map_iterator(skeleton_->progs.net_live, skeleton_->maps.net_sockets);
    if (!walked) return tl::unexpected(walked.error());
    if (auto read = context_.read_ring(); !read) return read;
  } while (skeleton_->bss->net_live_left != 0 && live_.size() + live_lost_ != before);
  return {};
}

Result<void> NetConnections::read_live() noexcept {
  closed_since_live_.clear();
  reading_live_ = true;
  auto read = read_sockets();
  if (read && std::ranges::any_of(live_, is_unowned)) {
    // Whoever has accepted it has it among its descriptors.
    if (auto found = core::run_task_iterator(skeleton_->progs.net_seed); !found)
      read = tl::unexpected(found.error());
    else
      read = read_sockets();
  }
  reading_live_ = false;
  live_nobodys_ = static_cast<std::uint64_t>(std::erase_if(
      live_, [this](const sonde_connection_record& record) { return is_nobodys(record); }));
  return read;
}

void NetConnections::add_live(const sonde_connection_record& record) {
  if (live_.size() < context_.config.network.max_connections)
    live_.push_back(record);
  else
    ++live_lost_;
}

// Of a connection that no process has touched nobody knows whether it is one of the targets'.
bool NetConnections::is_nobodys(const sonde_connection_record& record) const noexcept {
  const TargetFilter& filter = context_.filter;
  const bool targets = !filter.tgids.empty() || !filter.comm.empty() || filter.cgroup_id != 0;
  return targets && is_unowned(record);
}

// While the programs are attached: whatever ends from now on sends its record.
void NetConnections::detaching() noexcept {
  if (auto read = read_live(); !read && !error_) error_ = read.error();
  detached_ = true;
}

bool NetConnections::consume(const sonde_record_header& header,
                             std::span<const std::byte> bytes) noexcept {
  if (header.kind == SONDE_RECORD_LATE_READ && bytes.size() >= sizeof(sonde_late_read_record)) {
    sonde_late_read_record late{};
    std::memcpy(&late, bytes.data(), sizeof(late));
    read_late(late);
    return true;
  }
  if (header.kind == SONDE_RECORD_ROUTE && bytes.size() >= sizeof(sonde_route_record)) {
    sonde_route_record route{};
    std::memcpy(&route, bytes.data(), sizeof(route));
    tell(NetRoutes::record_of(route.failure));
    return true;
  }
  if (header.kind == SONDE_RECORD_TRANSFER && bytes.size() >= sizeof(sonde_transfer_record)) {
    sonde_transfer_record transfer{};
    std::memcpy(&transfer, bytes.data(), sizeof(transfer));
    tell(transfer);
    return true;
  }
  if (header.kind != SONDE_RECORD_CONNECTION || bytes.size() < sizeof(sonde_connection_record))
    return false;
  sonde_connection_record record{};
  std::memcpy(&record, bytes.data(), sizeof(record));
  if (record.event == SONDE_NET_LIVE)
    add_live(record);
  else
    tell(record);
  return true;
}

net::EndingContext NetConnections::learn_ending(const sonde_connection_record& record) {
  net::EndingContext context;
  if (causes_ && record.event == SONDE_NET_CLOSE && net::has_failed(record))
    context.dropped = causes_->of(record.ends);
  return context;
}

void NetConnections::tell(const sonde_connection_record& record) {
  const net::EndingContext ending = learn_ending(record);
  if (record.event == SONDE_NET_CLOSE)
    close(record, ending);
  else
    ++event_count_;
  NetEvents& events = context_.events;
  if (events.wants_rows() &&
      !events.add(report::net_event_table(), net_event_row(record, ending, events.clock())))
    ++rows_lost_;
  if (events.wants_typed()) {
    if (auto typed = typed_net_event(record, events.clock())) events.push(std::move(*typed));
  }
}

void NetConnections::tell(const sonde_transfer_record& transfer) {
  ++event_count_;
  NetEvents& events = context_.events;
  if (events.wants_rows() &&
      !events.add(report::net_event_table(), transfer_row(transfer, events.clock())))
    ++rows_lost_;
  if (events.wants_typed()) events.push(typed_transfer(transfer, events.clock()));
}

void NetConnections::close(const sonde_connection_record& record,
                           const net::EndingContext& ending) {
  ++closed_count_;
  if (detached_ || reading_live_) closed_since_live_.insert(record.id);
  traffic_.add_closed(record, net::has_failed(record));
  add_latencies(record);
  if (record.unread_bytes != 0) {
    // Of those that nobody reads any more the kernel does not tell.
    if (unread_.size() >= kMostUnread) unread_.clear();
    unread_.emplace(record.id, Unread{record, closed_.size()});
  }
  if (only_events() || context_.config.network.by != NetworkGroup::connection) return;
  if (closed_.size() >= context_.config.network.max_connections) {
    ++closed_lost_;
    return;
  }
  closed_.push_back(record);
  if (ending.dropped) dropped_.emplace(record.id, *ending.dropped);
}

void NetConnections::read_late(const sonde_late_read_record& late) {
  const auto found = unread_.find(late.id);
  if (found == unread_.end()) return;
  auto& [record, place] = found->second;
  traffic_.add_late_read(record, late.rx_bytes - std::min(late.rx_bytes, record.rx_bytes));
  const std::uint64_t all = record.rx_bytes + record.unread_bytes;
  record.rx_bytes = late.rx_bytes;
  record.unread_bytes =
      static_cast<std::uint32_t>(all - std::min<std::uint64_t>(all, late.rx_bytes));
  if (place < closed_.size() && closed_[place].id == late.id) closed_[place] = record;
  if (record.unread_bytes == 0) unread_.erase(found);
}

void NetConnections::add_latencies(const sonde_connection_record& record) {
  if (record.connect_ns != 0) context_.latencies.add("connect", record.connect_ns);
  if (record.accept_ns != 0) context_.latencies.add("accept", record.accept_ns);
  if (record.srtt_us != 0) context_.latencies.add("rtt", std::uint64_t{record.srtt_us} * 1000);
}

Result<void> NetConnections::drain() noexcept {
  if (error_) return tl::unexpected(*error_);
  if (routes_) {
    routes_->drain(core::monotonic_ns(), detached_,
                   [this](const sonde_connection_record& record) { tell(record); });
  }
  return flows_->drain([this](const sonde_flow& news) { traffic_.add_flow(news); });
}

sonde_net_counters NetConnections::counters() const noexcept {
  return core::sum_counters<sonde_net_counters>(::bpf_map__fd(skeleton_->maps.net_counters));
}

std::uint64_t NetConnections::program_runs() const noexcept {
  return counters().runs;
}

// In a live trace events are counted, and not connections.
void NetConnections::account_events(const sonde_net_counters& c, Accounting& books) const {
  const std::uint64_t seen =
      c.ended + c.lost_ring_full + c.events + (routes_ ? routes_->taken() : 0);
  const std::uint64_t lost = c.lost_ring_full + c.events_lost + rows_lost_;
  const std::uint64_t reported = closed_count_ + event_count_ - rows_lost_;
  books.seen += seen;
  books.reported += reported;
  books.lost["ring_full"] += c.lost_ring_full + c.events_lost;
  books.lost["not_taken"] += rows_lost_;
  books.in_flight += seen - lost - reported;
}

void NetConnections::account(Accounting& books) const {
  const sonde_net_counters c = counters();
  if (only_events()) return account_events(c, books);
  const std::uint64_t seen = c.seen + c.events + (routes_ ? routes_->taken() : 0);
  const std::uint64_t filtered =
      c.filtered_target + c.filtered_filter + c.filtered_paused + (detached_ ? live_nobodys_ : 0);
  const std::uint64_t ring_full = c.lost_ring_full + c.events_lost;
  const std::uint64_t flows_full = c.flows_full + flows_->lost();
  std::uint64_t lost = ring_full + c.sockets_lost + flows_full + closed_lost_;
  std::uint64_t reported = closed_count_ - closed_lost_ + flows_->count() + event_count_;
  if (detached_) {
    reported += static_cast<std::uint64_t>(std::ranges::count_if(
        live_, [this](const auto& record) { return !closed_since_live_.contains(record.id); }));
  }
  // Some of those that found no room among the open ones may have ended since.
  const std::uint64_t live_lost =
      detached_ ? std::min(live_lost_, seen - filtered - lost - reported) : 0;
  lost += live_lost;
  books.seen += seen;
  books.filtered += filtered;
  books.lost["ring_full"] += ring_full;
  books.lost["no_memory"] += c.sockets_lost;
  books.lost["flows_full"] += flows_full;
  books.lost["max_connections"] += closed_lost_ + live_lost;
  books.reported += reported;
  books.in_flight += seen - filtered - lost - reported;
}

void NetConnections::take() {
  if (!detached_) {
    if (auto read = read_live(); !read) {
      if (!error_) error_ = read.error();
      return;
    }
  }
  taken_ns_ = core::monotonic_ns();
  std::erase_if(live_,
                [this](const auto& record) { return closed_since_live_.contains(record.id); });
  for (const sonde_connection_record& record : live_)
    traffic_.add_live(record);
  const bool last = detached_;
  if (!last) {
    taken_traffic_ = traffic_.take_interval(taken_ns_);
    return;
  }
  for (const sonde_connection_record& record : live_)
    add_latencies(record);
  if (context_.config.network.by != NetworkGroup::connection) {
    taken_traffic_ = traffic_.all(taken_ns_);
    return;
  }
  taken_traffic_.reset();
  taken_closed_ = std::move(closed_);
  taken_dropped_ = std::move(dropped_);
  taken_live_ = live_;
  taken_flows_ = flows_->totals();
}

Result<void> NetConnections::sections(std::vector<Section>& sections) {
  if (error_) return tl::unexpected(*error_);
  if (only_events()) return {};
  if (taken_traffic_) {
    sections.emplace_back(std::move(*taken_traffic_));
    taken_traffic_.reset();
    return {};
  }
  const auto paths = process::cgroup_paths();
  const CgroupPath cgroup = [&](std::uint64_t id) {
    const auto found = paths.find(id);
    return found == paths.end() ? std::string() : found->second;
  };
  std::map<ListenerKey, net::EndingContext> listeners;
  Table dropping = report::listener_table();
  for (const auto* list : {&taken_live_, &taken_closed_}) {
    for (const sonde_connection_record& record : *list) {
      if (record.role != SONDE_NET_ROLE_LISTENER) continue;
      auto& context = listeners[{record.ends.netns, record.ends.local_port}];
      if (record.drops == 0) continue;
      dropping.rows.push_back(listener_row(record, cgroup));
      context.listener_drops += record.drops;
      context.backlog_limit = record.backlog_limit;
    }
  }
  Table table = report::connection_table(false);
  Table failed = report::connection_table(true);
  std::vector<const sonde_connection_record*> order;
  for (const auto* list : {&taken_live_, &taken_closed_}) {
    for (const sonde_connection_record& record : *list)
      order.push_back(&record);
  }
  std::ranges::stable_sort(order, [](const auto* a, const auto* b) {
    return a->tx_bytes + a->rx_bytes > b->tx_bytes + b->rx_bytes;
  });
  for (const sonde_connection_record* record : order) {
    const auto found = listeners.find({record->ends.netns, record->ends.remote_port});
    net::EndingContext context = found == listeners.end() ? net::EndingContext{} : found->second;
    if (const auto dropped = taken_dropped_.find(record->id); dropped != taken_dropped_.end())
      context.dropped = dropped->second;
    add_names(*record, context);
    Table& into = net::has_failed(*record) ? failed : table;
    into.rows.push_back(connection_row(*record, context, cgroup));
  }
  for (const FlowTotal& flow : taken_flows_)
    table.rows.push_back(flow_row(flow.flow, cgroup));
  sections.emplace_back(std::move(table));
  if (!failed.rows.empty()) sections.emplace_back(std::move(failed));
  if (!dropping.rows.empty()) sections.emplace_back(std::move(dropping));
  return {};
}

void NetConnections::add_names(const sonde_connection_record& record,
                               net::EndingContext& context) const {
  if (record.ends.remote_port == 0) return;
  context.remote_name = context_.names.name_of(net::address_text(record.ends.remote));
  const auto* const failure = context_.names.failure_before(record.owner.tgid, record.start_ns);
  if (failure != nullptr)
    context.failed_lookup = {record.start_ns - failure->time_ns, failure->why};
}

void NetConnections::add_totals(NetTotals& totals) const {
  const sonde_net_counters c = counters();
  const std::uint64_t filtered = c.filtered_target + c.filtered_filter + c.filtered_paused;
  totals.connections += c.seen - filtered;
  totals.active += c.seen - filtered - c.ended - c.lost_ring_full - c.sockets_lost;
  totals.traffic += traffic_.total();
}

void NetConnections::notices(std::vector<std::string>& notices) const {
  if (const std::uint64_t missed = counters().late_lost; missed != 0) {
    notices.push_back(
        fmt::format("up to {} connections received more than is shown: the ring was full", missed));
  }
  if (const std::uint64_t missed = counters().flow_calls_lost; missed != 0) {
    notices.push_back(fmt::format(
        "{} sends and receives of UDP and AF_UNIX sockets were not counted: too many sockets at "
        "once",
        missed));
  }
}

extern const NetLaneEntry net_connections;
const NetLaneEntry net_connections = {
    .wanted = [](const NetworkOptions&) { return true; },
    .plan = plan_connections,
    .leave_out = [](net_bpf&) {},
    .make = [](const NetContext& context) -> std::unique_ptr<NetLane> {
      return std::make_unique<NetConnections>(context);
    },
};

}  // namespace sonde::tracers
