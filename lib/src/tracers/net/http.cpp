#include "tracers/net/http.hpp"

#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <utility>

#include "core/bpf_iterator.hpp"
#include "core/per_cpu.hpp"
#include "report/http_tables.hpp"
#include "tracers/net/events.hpp"
#include "tracers/net/http_tables.hpp"
#include "tracers/net/latencies.hpp"
#include "tracers/plan_entries.hpp"

namespace sonde::tracers {
namespace {

using core::Feature;

constexpr std::uint32_t kSmallestRing = 4096;
constexpr std::uint64_t kLargestRing = 1u << 30;
constexpr const char* kHttp = "HTTP/1";
constexpr const char* kTls = "HTTP/1 within TLS";

bool can_read_buffers(const core::FeatureSet& features) {
#ifdef __x86_64__
  return features.has(Feature::socket_lengths) && features.has(Feature::task_registers);
#else
  (void)features;
  return false;
#endif
}

bool can_read_tls(const core::FeatureSet& features) {
  return can_read_buffers(features) && features.has(Feature::uprobe_multi) &&
         features.has(Feature::task_storage);
}

}  // namespace

namespace {

void leave_out_tls(net_bpf& skeleton) {
  for (bpf_map* map :
       {skeleton.maps.tls_flows, skeleton.maps.tls_new_flow, skeleton.maps.tls_calls})
    ::bpf_map__set_autocreate(map, false);
}

}  // namespace

NetHttp::NetHttp(const NetContext& context)
    : context_(context),
      exchanges_(context.config.network.http_query, context.config.network.max_connections) {
}

void NetHttp::configure(net_bpf& skeleton) {
  skeleton_ = &skeleton;
  // It is part of the programs that see reads and writes.
  const bool can = can_read_buffers(context_.features);
  skeleton.rodata->http_enabled = can;
  ::bpf_program__set_autoload(skeleton.progs.http_waiting, can);
  const bool tls = can_read_tls(context_.features);
  skeleton.rodata->http_tls = tls;
  for (bpf_program* program : {skeleton.progs.http_tls_enter, skeleton.progs.http_tls_leave}) {
    ::bpf_program__set_autoload(program, tls);
    ::bpf_program__set_expected_attach_type(
        program, static_cast<bpf_attach_type>(core::kUprobeMultiAttachType));
  }
  ::bpf_program__set_autoload(skeleton.progs.http_tls_waiting, tls);
  if (!tls) leave_out_tls(skeleton);
  // A busy server fills it within a tenth of a second, and the reading thread has more to do.
  const auto ring = static_cast<std::uint32_t>(
      std::min(2 * std::bit_ceil(context_.config.network.ring_bytes), kLargestRing));
  ::bpf_map__set_max_entries(skeleton.maps.http_ring, ring);
  ::bpf_map__set_max_entries(skeleton.maps.http_scratches,
                             static_cast<std::uint32_t>(::libbpf_num_possible_cpus()));
  skeleton.rodata->http_wakeup_bytes = ring / 8;
}

Result<void> NetHttp::loaded(net_bpf& skeleton) {
  auto ring = ingest::RingSource::open(::bpf_map__fd(skeleton.maps.http_ring),
                                       [this](std::span<const std::byte> record) { add(record); });
  if (!ring) return tl::unexpected(std::move(ring.error()));
  ring_ = std::move(*ring);
  return {};
}

std::vector<const bpf_program*> NetHttp::programs(const net_bpf&) const {
  return {};
}

bool NetHttp::consume(const sonde_record_header&, std::span<const std::byte>) noexcept {
  return false;
}

std::vector<core::EventSource*> NetHttp::sources() noexcept {
  return {ring_.get()};
}

void NetHttp::add(std::span<const std::byte> piece) {
  sonde_record_header first{};
  if (piece.size() >= sizeof(first)) std::memcpy(&first, piece.data(), sizeof(first));
  if (first.length < piece.size()) add_record(piece.subspan(first.length));
  add_record(piece.first(std::min<std::size_t>(first.length, piece.size())));
}

// The programs are detached, and all that they sent was read.
Result<void> NetHttp::read_waiting() {
  constexpr std::size_t kSize = sizeof(sonde_http_record) + SONDE_HTTP_START;
  const auto read = [this](const bpf_program* program, const bpf_map* map) -> Result<void> {
    const auto bytes = core::run_map_iterator(program, map);
    if (!bytes) return tl::unexpected(bytes.error());
    for (std::size_t at = 0; at + kSize <= bytes->size(); at += kSize)
      add_record(std::span(*bytes).subspan(at, kSize));
    return {};
  };
  auto done = read(skeleton_->progs.http_waiting, skeleton_->maps.http_sockets);
  if (done && tls_) done = read(skeleton_->progs.http_tls_waiting, skeleton_->maps.tls_flows);
  return done;
}

Result<void> NetHttp::opened() {
  if (!can_read_tls(context_.features)) return {};
  tls_.emplace(context_.filter);
  return tls_->attach(::bpf_program__fd(skeleton_->progs.http_tls_enter),
                      ::bpf_program__fd(skeleton_->progs.http_tls_leave));
}

Result<void> NetHttp::maintain() {
  return tls_ ? tls_->look() : Result<void>();
}

void NetHttp::detaching() noexcept {
  detached_ = true;
  if (tls_) tls_->detach();
}

std::uint64_t NetHttp::trap_count() const noexcept {
  return tls_ ? counters().tls_hits : 0;
}

void NetHttp::add_record(std::span<const std::byte> record) {
  exchanges_.add(record, done_);
  for (const HttpExchange& exchange : done_) {
    ++done_count_;
    if (exchange.exchange.status != 0) context_.latencies.add("http", exchange.latency_ns());
    if (!context_.events.wants_rows())
      rows_.add(exchange);
    else if (!context_.events.add(report::http_table(),
                                  http_row(exchange, context_.events.clock())))
      ++rows_lost_;
  }
  done_.clear();
}

sonde_http_counters NetHttp::counters() const noexcept {
  return core::sum_counters<sonde_http_counters>(::bpf_map__fd(skeleton_->maps.http_counters));
}

void NetHttp::account(Accounting& books) const {
  const sonde_http_counters c = counters();
  const http::Counts& counts = exchanges_.counts();
  const std::uint64_t open = exchanges_.open();
  const auto lose = [&](const char* reason, std::uint64_t count) {
    books.lost[reason] += count;
    books.seen += count;
  };
  lose("http_ring_full", c.lost_ring_full);
  lose("http_busy", c.lost_busy);
  lose("http_connections", exchanges_.connections_full());
  lose("http_not_captured", counts.not_captured);
  lose("http_unanswered", counts.forgotten);
  books.seen += counts.requests - counts.forgotten;
  books.lost["http_rows"] += rows_lost_;
  books.reported += done_count_ - rows_lost_;
  books.in_flight += open;
}

std::uint64_t NetHttp::program_runs() const noexcept {
  return 0;
}

void NetHttp::take() {
  if (std::exchange(detached_, false) && can_read_buffers(context_.features)) {
    if (auto read = read_waiting(); !read) error_ = read.error();
  }
  taken_ = std::exchange(rows_, {});
  taken_counts_ = exchanges_.counts();
  pathless_ += taken_.pathless();
}

Result<void> NetHttp::sections(std::vector<Section>& sections) {
  if (error_) return tl::unexpected(*error_);
  if (!context_.events.wants_rows()) sections.emplace_back(taken_.table());
  Table unseen = http_unseen_table(taken_counts_, counters());
  if (!unseen.rows.empty()) sections.emplace_back(std::move(unseen));
  return {};
}

void NetHttp::notices(std::vector<std::string>& notices) const {
  if (pathless_ != 0) {
    notices.push_back(
        fmt::format("{} HTTP exchanges are shown without their path: more than {} different ones",
                    pathless_, HttpRows::kMostRows));
  }
  if (tls_) {
    for (const std::string& function : tls_->left_out())
      notices.push_back(
          fmt::format("HTTP by {} is not seen: its returns cannot be told", function));
  }
  if (exchanges_.malformed() != 0)
    notices.push_back(
        fmt::format("{} malformed HTTP records were ignored", exchanges_.malformed()));
}

namespace {

Result<void> plan(const EbpfConfig&, const core::FeatureSet& features,
                  std::vector<PlanEntry>& entries) {
  const PlanEntries of("net");
  if (can_read_buffers(features)) {
    entries.push_back(of.primary(kHttp, "tp_btf:sock_send_length, tp_btf:sock_recv_length"));
    entries.push_back(
        can_read_tls(features)
            ? of.primary(kTls, "uprobe_multi:OpenSSL, uprobe_multi:GnuTLS")
            : of.missing(kTls, "HTTP within TLS is not seen", "boot Linux 6.6 or later"));
    return {};
  }
#ifdef __x86_64__
  entries.push_back(of.missing(kHttp, "no HTTP is seen", "boot Linux 6.3 or later"));
#else
  entries.push_back(of.missing(kHttp, "no HTTP is seen", "use an x86-64 machine"));
#endif
  return {};
}

void leave_out(net_bpf& skeleton) {
  ::bpf_map__set_max_entries(skeleton.maps.http_ring, kSmallestRing);
  ::bpf_map__set_autocreate(skeleton.maps.http_sockets, false);
  leave_out_tls(skeleton);
}

}  // namespace

extern const NetLaneEntry net_http;
const NetLaneEntry net_http{
    .wanted = [](const NetworkOptions& options) { return options.http; },
    .plan = plan,
    .leave_out = leave_out,
    .make = [](const NetContext& context) -> std::unique_ptr<NetLane> {
      return std::make_unique<NetHttp>(context);
    },
};

}  // namespace sonde::tracers
