#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sonde/network_tracer.hpp>

#include "api/tracer_session.hpp"
#include "config/network_names.hpp"
#include "tracers/net/tracer.hpp"

namespace sonde {
namespace {

ReportHeader describe(const EbpfConfig& config, const tracers::TargetFilter& filter) {
  const NetworkOptions& options = config.network;
  ReportHeader header;
  header.command = "net";
  header.target = filter.description;
  header.config = {
      {"duration_ns", static_cast<std::int64_t>(config.duration.count())},
      {"ports", fmt::format("{}", fmt::join(options.ports, " "))},
      {"local_ports", fmt::format("{}", fmt::join(options.local_ports, " "))},
      {"remotes", fmt::format("{}", fmt::join(options.remotes, " "))},
      {"protocols", fmt::format("{}", fmt::join(options.protocols, " "))},
      {"families", fmt::format("{}", fmt::join(options.families, " "))},
      {"netns", options.netns},
      {"by", std::string(config::to_string(options.by))},
      {"events", options.events},
      {"packets", options.packets},
      {"drops", options.drops},
      {"dns", options.dns},
      {"http", options.http},
  };
  return header;
}

}  // namespace

struct EbpfNetworkTracer::Impl {
  EbpfConfig config;
  TracerSession<tracers::NetTracer> session;
};

EbpfNetworkTracer::EbpfNetworkTracer(EbpfConfig config) : impl_(std::make_unique<Impl>()) {
  impl_->config = std::move(config);
  EventOptions& events = impl_->config.events;
  events.enabled = events.enabled || events.callback;
}
EbpfNetworkTracer::EbpfNetworkTracer(EbpfNetworkTracer&&) noexcept = default;
EbpfNetworkTracer& EbpfNetworkTracer::operator=(EbpfNetworkTracer&&) noexcept = default;
EbpfNetworkTracer::~EbpfNetworkTracer() = default;

Result<void> EbpfNetworkTracer::prepare() {
  // Wrong filters are the user's to mend before privileges are.
  if (auto checked = tracers::check_network_options(impl_->config.network); !checked)
    return checked;
  return impl_->session.prepare(impl_->config, tracers::make_net_tracer, describe);
}

Result<void> EbpfNetworkTracer::start() {
  return impl_->session.start([this] { return prepare(); });
}

Result<Report> EbpfNetworkTracer::stop() {
  return impl_->session.stop();
}

Result<Report> EbpfNetworkTracer::snapshot() {
  return impl_->session.snapshot();
}

std::vector<EbpfEvent> EbpfNetworkTracer::take_events() {
  return impl_->session.take_events();
}

int EbpfNetworkTracer::get_events_fd() const noexcept {
  return impl_->session.events_fd();
}

std::uint64_t EbpfNetworkTracer::get_events_lost() const noexcept {
  return impl_->session.events_lost();
}

std::vector<Table> EbpfNetworkTracer::take_rows() {
  return impl_->session.tracer() == nullptr ? std::vector<Table>{}
                                            : impl_->session.tracer()->take_rows();
}

Result<void> EbpfNetworkTracer::pause() {
  return impl_->session.pause();
}

Result<void> EbpfNetworkTracer::resume() {
  return impl_->session.resume();
}

bool EbpfNetworkTracer::is_running() const noexcept {
  return impl_->session.is_running();
}

NetworkStatistics EbpfNetworkTracer::get_stats() const {
  if (impl_->session.tracer() == nullptr) return {};
  NetworkStatistics statistics;
  static_cast<Accounting&>(statistics) = impl_->session.accounting();
  const tracers::NetTotals totals = impl_->session.tracer()->totals();
  statistics.total_connections = totals.connections;
  statistics.active_connections = totals.active;
  statistics.bytes_sent = totals.traffic.tx_bytes;
  statistics.bytes_received = totals.traffic.rx_bytes;
  statistics.packets_sent = totals.traffic.tx_packets;
  statistics.packets_received = totals.traffic.rx_packets;
  return statistics;
}

ReportHeader EbpfNetworkTracer::get_header() const {
  return impl_->session.header();
}

Overhead EbpfNetworkTracer::get_overhead() const {
  return impl_->session.overhead();
}

std::chrono::nanoseconds EbpfNetworkTracer::get_duration() const {
  return impl_->session.duration();
}

}  // namespace sonde
