#include <sonde/cpu_profiler.hpp>

#include "core/features.hpp"
#include "core/kernel_error.hpp"
#include "core/session.hpp"
#include "tracers/cpu_tracer.hpp"
#include "tracers/target_filter.hpp"
#include "util/duration.hpp"
#include "util/fail.hpp"

namespace sonde {
namespace {

const char* name_of(CpuEvent event) {
  switch (event) {
    case CpuEvent::automatic:
      return "auto";
    case CpuEvent::cpu_clock:
      return "cpu-clock";
    case CpuEvent::cycles:
      return "cycles";
  }
  return "auto";
}

ReportHeader describe(const EbpfConfig& config, const tracers::TargetFilter& filter) {
  ReportHeader header;
  header.command = "cpu";
  header.target = filter.description;
  header.config = {
      {"sample_rate", static_cast<std::uint64_t>(config.sample_rate)},
      {"duration_ns", static_cast<std::int64_t>(config.duration.count())},
      {"max_samples", config.max_samples},
      {"event", std::string(name_of(config.cpu.event))},
      {"user_stacks", config.cpu.user_stacks},
      {"kernel_stacks", config.cpu.kernel_stacks},
  };
  return header;
}

}  // namespace

struct EbpfCpuProfiler::Impl {
  EbpfConfig config;
  std::unique_ptr<core::Session> session;

  Result<std::unique_ptr<core::Session>> make_session() const;
};

Result<std::unique_ptr<core::Session>> EbpfCpuProfiler::Impl::make_session() const {
  if (auto valid = config.validate(); !valid) return tl::unexpected(valid.error());
  core::FeatureSet features;
  if (auto disabled = features.disable(config.disabled_features); !disabled)
    return tl::unexpected(disabled.error());
  if (auto met = core::check_requirements(features); !met) return tl::unexpected(met.error());
  const auto filter = tracers::resolve_target(config.target);
  if (!filter) return tl::unexpected(filter.error());
  auto tracer = tracers::make_cpu_tracer(config, features, *filter);
  if (!tracer) return tl::unexpected(tracer.error());
  return std::make_unique<core::Session>(std::move(*tracer), describe(config, *filter));
}

EbpfCpuProfiler::EbpfCpuProfiler(EbpfConfig config) : impl_(std::make_unique<Impl>()) {
  impl_->config = std::move(config);
}
EbpfCpuProfiler::EbpfCpuProfiler(EbpfCpuProfiler&&) noexcept = default;
EbpfCpuProfiler& EbpfCpuProfiler::operator=(EbpfCpuProfiler&&) noexcept = default;
EbpfCpuProfiler::~EbpfCpuProfiler() = default;

Result<void> EbpfCpuProfiler::start() {
  if (impl_->session != nullptr) {
    return fail(ErrorCode::EventProcessingFailed, "start a profiler that was started before",
                "Make a new object for each run");
  }
  auto session = impl_->make_session();
  if (!session) return tl::unexpected(session.error());
  if (auto started = (*session)->start(); !started) return started;
  impl_->session = std::move(*session);
  return {};
}

Result<Report> EbpfCpuProfiler::stop() {
  if (impl_->session == nullptr)
    return fail(ErrorCode::EventProcessingFailed, "stop a profiler that is not running");
  return impl_->session->stop();
}

Result<Report> EbpfCpuProfiler::snapshot() {
  if (impl_->session == nullptr) {
    return fail(ErrorCode::EventProcessingFailed,
                "take a snapshot of a profiler that is not running");
  }
  return impl_->session->snapshot();
}

Result<void> EbpfCpuProfiler::pause() {
  if (impl_->session == nullptr)
    return fail(ErrorCode::EventProcessingFailed, "pause a profiler that is not running");
  return impl_->session->pause();
}

Result<void> EbpfCpuProfiler::resume() {
  if (impl_->session == nullptr) {
    return fail(ErrorCode::EventProcessingFailed, "resume a profiler that is not running");
  }
  return impl_->session->resume();
}

bool EbpfCpuProfiler::is_running() const noexcept {
  return impl_->session != nullptr && impl_->session->is_running();
}

bool EbpfCpuProfiler::limit_reached() const noexcept {
  return impl_->session != nullptr && impl_->session->limit_reached();
}

Accounting EbpfCpuProfiler::get_stats() const {
  return impl_->session == nullptr ? Accounting{} : impl_->session->accounting();
}

Overhead EbpfCpuProfiler::get_overhead() const {
  return impl_->session == nullptr ? Overhead{} : impl_->session->overhead();
}

std::chrono::nanoseconds EbpfCpuProfiler::get_duration() const {
  return impl_->session == nullptr ? std::chrono::nanoseconds{} : impl_->session->duration();
}

}  // namespace sonde
