#include <sonde/cpu_profiler.hpp>

#include "api/tracer_session.hpp"
#include "config/cpu_event.hpp"
#include "tracers/cpu/tracer.hpp"

namespace sonde {
namespace {

ReportHeader describe(const EbpfConfig& config, const tracers::TargetFilter& filter) {
  ReportHeader header;
  header.command = "cpu";
  header.target = filter.description;
  header.config = {
      {"sample_rate", static_cast<std::uint64_t>(config.sample_rate)},
      {"duration_ns", static_cast<std::int64_t>(config.duration.count())},
      {"max_samples", config.max_samples},
      {"event", std::string(config::to_string(config.cpu.event))},
      {"user_stacks", config.cpu.user_stacks},
      {"kernel_stacks", config.cpu.kernel_stacks},
  };
  return header;
}

}  // namespace

struct EbpfCpuProfiler::Impl {
  EbpfConfig config;
  TracerSession<core::Tracer> session;
};

EbpfCpuProfiler::EbpfCpuProfiler(EbpfConfig config) : impl_(std::make_unique<Impl>()) {
  impl_->config = std::move(config);
}
EbpfCpuProfiler::EbpfCpuProfiler(EbpfCpuProfiler&&) noexcept = default;
EbpfCpuProfiler& EbpfCpuProfiler::operator=(EbpfCpuProfiler&&) noexcept = default;
EbpfCpuProfiler::~EbpfCpuProfiler() = default;

Result<void> EbpfCpuProfiler::prepare() {
  return impl_->session.prepare(impl_->config, tracers::make_cpu_tracer, describe);
}

Result<void> EbpfCpuProfiler::start() {
  return impl_->session.start([this] { return prepare(); });
}

Result<Report> EbpfCpuProfiler::stop() {
  return impl_->session.stop();
}

Result<Report> EbpfCpuProfiler::snapshot() {
  return impl_->session.snapshot();
}

std::vector<EbpfEvent> EbpfCpuProfiler::take_events() {
  return impl_->session.take_events();
}

int EbpfCpuProfiler::get_events_fd() const noexcept {
  return impl_->session.events_fd();
}

std::uint64_t EbpfCpuProfiler::get_events_lost() const noexcept {
  return impl_->session.events_lost();
}

Result<void> EbpfCpuProfiler::pause() {
  return impl_->session.pause();
}

Result<void> EbpfCpuProfiler::resume() {
  return impl_->session.resume();
}

bool EbpfCpuProfiler::is_running() const noexcept {
  return impl_->session.is_running();
}

bool EbpfCpuProfiler::limit_reached() const noexcept {
  return impl_->session.limit_reached();
}

Accounting EbpfCpuProfiler::get_stats() const {
  return impl_->session.accounting();
}

ReportHeader EbpfCpuProfiler::get_header() const {
  return impl_->session.header();
}

Overhead EbpfCpuProfiler::get_overhead() const {
  return impl_->session.overhead();
}

std::chrono::nanoseconds EbpfCpuProfiler::get_duration() const {
  return impl_->session.duration();
}

}  // namespace sonde
