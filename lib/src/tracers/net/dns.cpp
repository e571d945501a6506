#include "tracers/net/dns.hpp"

#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/clock.hpp"
#include "core/per_cpu.hpp"
#include "dns/explanation.hpp"
#include "report/net_tables.hpp"
#include "tracers/net/dns_table.hpp"
#include "tracers/net/events.hpp"
#include "tracers/net/latencies.hpp"
#include "tracers/net/name_history.hpp"
#include "tracers/net/skeleton.hpp"
#include "tracers/plan_entries.hpp"

namespace sonde::tracers {
namespace {

using core::Feature;

dns::PacketKind kind_of(std::uint8_t kind) {
  if (kind == SONDE_DNS_BEGIN) return dns::PacketKind::begin;
  return kind == SONDE_DNS_UNREACHABLE ? dns::PacketKind::unreachable : dns::PacketKind::data;
}

dns::Packet packet_of(const sonde_dns_packet& record, std::span<const std::byte> payload) {
  dns::Packet packet;
  const sonde_net_ends& ends = record.ends;
  std::ranges::copy(ends.local, packet.endpoints.local_address.begin());
  std::ranges::copy(ends.remote, packet.endpoints.server_address.begin());
  packet.endpoints.netns = ends.netns;
  packet.endpoints.local_port = ends.local_port;
  packet.endpoints.server_port = ends.remote_port;
  packet.endpoints.tcp = ends.protocol == IPPROTO_TCP;
  packet.client.pid = record.owner.tgid;
  packet.client.tid = record.owner.tid;
  packet.client.comm.assign(record.owner.comm,
                            ::strnlen(record.owner.comm, sizeof(record.owner.comm)));
  packet.time_ns = record.header.time_ns;
  packet.kind = kind_of(record.kind);
  packet.sent = record.sent != 0;
  packet.icmp = {record.icmp_type, record.icmp_code};
  packet.interface = record.interface;
  packet.sequence = record.sequence;
  packet.length = record.length;
  packet.payload = payload;
  return packet;
}

// Failures first, then the slowest.
bool shows_before(const dns::Lookup& a, const dns::Lookup& b) {
  if (has_failed(a) != has_failed(b)) return has_failed(a);
  return a.waited_ns > b.waited_ns;
}

}  // namespace

void NetDns::configure(net_bpf& skeleton) {
  skeleton_ = &skeleton;
  const bool pages = context_.features.has(Feature::packet_pages);
  auto& programs = skeleton.progs;
  ::bpf_program__set_autoload(programs.net_dns_send, pages);
  ::bpf_program__set_autoload(programs.net_dns_receive, pages);
  ::bpf_program__set_autoload(programs.net_dns_send_linear, !pages);
  ::bpf_program__set_autoload(programs.net_dns_receive_linear, !pages);
}

// Responses are looked for before there can be queries.
std::vector<const bpf_program*> NetDns::programs(const net_bpf& skeleton) const {
  const auto& programs = skeleton.progs;
  return {programs.net_dns_receive, programs.net_dns_receive_linear, programs.net_dns_send,
          programs.net_dns_send_linear};
}

bool NetDns::consume(const sonde_record_header& header, std::span<const std::byte> bytes) noexcept {
  sonde_dns_packet record{};
  if (header.kind != SONDE_RECORD_DNS_PACKET || bytes.size() < sizeof(record)) return false;
  std::memcpy(&record, bytes.data(), sizeof(record));
  const auto payload = bytes.subspan(sizeof(record));
  if (record.captured > payload.size()) return false;
  if (record.sent != 0) ++sent_;
  lookups_.add(packet_of(record, payload.first(record.captured)));
  return true;
}

Result<void> NetDns::drain() noexcept {
  // A record may still be in the ring.
  constexpr std::uint64_t kLongestDelayNs = 1'000'000'000;
  const std::uint64_t now = core::monotonic_ns();
  lookups_.note_lost_responses(counters().lost_received);
  lookups_.expire(now - kLongestDelayNs);
  if (lookups_.pending() == 0) skeleton_->bss->dns_settled = sent_;
  collect();
  return {};
}

void NetDns::collect() {
  for (dns::Lookup& lookup : lookups_.take()) {
    if (lookup.response) context_.latencies.add("dns", lookup.waited_ns);
    context_.names.add(lookup);
    if (context_.config.network.events) {
      if (!context_.events.add(report::dns_table(), dns_row(lookup, context_.events.clock())))
        ++rows_lost_;
    } else if (rows_.size() < kMostRows) {
      rows_.push_back(std::move(lookup));
    } else {
      ++rows_lost_;
    }
  }
}

sonde_dns_counters NetDns::counters() const noexcept {
  return core::sum_counters<sonde_dns_counters>(::bpf_map__fd(skeleton_->maps.dns_counters));
}

// What the kernel leaves out are packets; what it sends is told as queries, of which a TCP packet
// may have several or a part.
void NetDns::account(Accounting& books) const {
  const sonde_dns_counters c = counters();
  const std::uint64_t filtered = c.filtered_target + c.filtered_filter + c.filtered_paused;
  const std::uint64_t waiting = lookups_.pending() + unfinished_;
  books.seen += filtered + c.lost_sent + lookups_.queries();
  books.filtered += filtered;
  books.lost["dns_ring_full"] += c.lost_sent;
  books.lost["dns_rows_full"] += rows_lost_;
  books.in_flight += waiting;
  books.reported += lookups_.queries() - waiting - rows_lost_;
  books.truncated["dns_responses_lost"] += c.lost_received;
  books.truncated["dns_unread_payload"] += c.unread;
}

// Once nothing is attached the ring is read to its end before this: what waits then had no response
// while sonde looked.
void NetDns::take() {
  if (detached_) {
    unfinished_ += lookups_.pending();
    lookups_.finish(core::monotonic_ns());
  }
  collect();
  taken_ = std::exchange(rows_, {});
}

Result<void> NetDns::sections(std::vector<Section>& sections) {
  if (context_.config.network.events) return {};
  Table table = report::dns_table();
  std::ranges::stable_sort(taken_, shows_before);
  table.rows.reserve(taken_.size());
  for (const dns::Lookup& lookup : taken_)
    table.rows.push_back(dns_row(lookup, context_.events.clock()));
  taken_.clear();
  sections.emplace_back(std::move(table));
  return {};
}

void NetDns::notices(std::vector<std::string>& notices) const {
  if (const std::uint64_t late = lookups_.late_responses(); late != 0) {
    notices.push_back(fmt::format("{} DNS responses came later than {} s and are shown as timeouts",
                                  late, kTimeout.count()));
  }
  if (const std::uint64_t lost = lookups_.lost_stream_bytes(); lost != 0) {
    notices.push_back(fmt::format(
        "{} bytes of DNS over TCP were not captured: queries in them are not shown", lost));
  }
}

namespace {

Result<void> plan(const EbpfConfig&, const core::FeatureSet& features,
                  std::vector<PlanEntry>& entries) {
  const PlanEntries make("net");
  constexpr const char* kHook = "tp_btf:net_dev_queue, tp_btf:netif_receive_skb";
  entries.push_back(
      features.has(Feature::packet_pages)
          ? make.primary("DNS", kHook)
          : make.fallback("DNS", kHook,
                          "DNS over TCP, and responses that a network card puts into pages, are "
                          "not read",
                          "boot Linux 6.11 or later"));
  return {};
}

}  // namespace

extern const NetLaneEntry net_dns;
const NetLaneEntry net_dns = {
    .wanted = [](const NetworkOptions& options) { return options.dns || options.events; },
    .plan = plan,
    .leave_out = [](net_bpf&) {},
    .make = [](const NetContext& context) -> std::unique_ptr<NetLane> {
      return std::make_unique<NetDns>(context);
    },
};

}  // namespace sonde::tracers
