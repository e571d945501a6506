#include <sonde/memory_tracer.hpp>

#include "api/tracer_session.hpp"
#include "tracers/mem/tracer.hpp"

namespace sonde {
namespace {

ReportHeader describe(const EbpfConfig& config, const tracers::TargetFilter& filter) {
  const MemoryOptions& options = config.memory;
  ReportHeader header;
  header.command = "mem";
  header.target = filter.description;
  header.config = {{"duration_ns", static_cast<std::int64_t>(config.duration.count())},
                   {"alloc", options.alloc},
                   {"live", options.live},
                   {"kernel", options.kernel},
                   {"sample_bytes", options.sample_bytes},
                   {"fault_sample_bytes", options.fault_distance_bytes(filter.whole_system())},
                   {"page_faults", options.page_faults},
                   {"max_stacks", options.max_stacks},
                   {"older_than_ns", static_cast<std::int64_t>(options.older_than.count())},
                   {"max_overhead_percent", options.overhead_limit_percent()}};
  return header;
}

}  // namespace

struct EbpfMemoryTracer::Impl {
  EbpfConfig config;
  TracerSession<tracers::MemTracer> session;
};

EbpfMemoryTracer::EbpfMemoryTracer(EbpfConfig config) : impl_(std::make_unique<Impl>()) {
  impl_->config = std::move(config);
}
EbpfMemoryTracer::EbpfMemoryTracer(EbpfMemoryTracer&&) noexcept = default;
EbpfMemoryTracer& EbpfMemoryTracer::operator=(EbpfMemoryTracer&&) noexcept = default;
EbpfMemoryTracer::~EbpfMemoryTracer() = default;

Result<void> EbpfMemoryTracer::prepare() {
  return impl_->session.prepare(impl_->config, tracers::make_mem_tracer, describe);
}

Result<void> EbpfMemoryTracer::start() {
  return impl_->session.start([this] { return prepare(); });
}

std::vector<EbpfEvent> EbpfMemoryTracer::take_events() {
  return impl_->session.take_events();
}

int EbpfMemoryTracer::get_events_fd() const noexcept {
  return impl_->session.events_fd();
}

std::uint64_t EbpfMemoryTracer::get_events_lost() const noexcept {
  return impl_->session.events_lost();
}

Result<Report> EbpfMemoryTracer::stop() {
  return impl_->session.stop();
}

Result<Report> EbpfMemoryTracer::snapshot() {
  return impl_->session.snapshot();
}

Result<void> EbpfMemoryTracer::pause() {
  return impl_->session.pause();
}

Result<void> EbpfMemoryTracer::resume() {
  return impl_->session.resume();
}

bool EbpfMemoryTracer::is_running() const noexcept {
  return impl_->session.is_running();
}

MemoryStatistics EbpfMemoryTracer::get_stats() const {
  MemoryStatistics statistics;
  if (impl_->session.tracer() != nullptr) statistics = impl_->session.tracer()->statistics();
  static_cast<Accounting&>(statistics) = impl_->session.accounting();
  return statistics;
}

Overhead EbpfMemoryTracer::get_overhead() const {
  return impl_->session.overhead();
}

ReportHeader EbpfMemoryTracer::get_header() const {
  return impl_->session.header();
}

std::chrono::nanoseconds EbpfMemoryTracer::get_duration() const {
  return impl_->session.duration();
}

}  // namespace sonde
