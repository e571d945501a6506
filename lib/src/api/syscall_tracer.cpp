#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sonde/syscall_tracer.hpp>

#include "core/features.hpp"
#include "core/kernel_error.hpp"
#include "core/session.hpp"
#include "syscalls/selection.hpp"
#include "tracers/syscall_tracer.hpp"
#include "tracers/target_filter.hpp"
#include "util/fail.hpp"

namespace sonde {
namespace {

ReportHeader describe(const EbpfConfig& config, const tracers::TargetFilter& filter) {
  const SyscallOptions& options = config.syscall;
  ReportHeader header;
  header.command = "syscall";
  header.target = filter.description;
  header.config = {
      {"duration_ns", static_cast<std::int64_t>(config.duration.count())},
      {"calls", fmt::format("{}", fmt::join(options.calls, " "))},
      {"failed_only", options.failed_only},
      {"errors", fmt::format("{}", fmt::join(options.errors, " "))},
      {"min_latency_ns", static_cast<std::int64_t>(options.min_latency.count())},
      {"latency", options.latency},
      {"trace", options.trace},
      {"stacks", options.stacks},
  };
  return header;
}

}  // namespace

struct EbpfSyscallTracer::Impl {
  EbpfConfig config;
  /// Of the session, which owns it.
  tracers::SyscallTracer* tracer = nullptr;
  std::unique_ptr<core::Session> session;

  Result<void> make_session();
  tl::unexpected<Error> not_running(const char* what) const {
    return fail(ErrorCode::EventProcessingFailed,
                fmt::format("{} a tracer that is not running", what));
  }
};

Result<void> EbpfSyscallTracer::Impl::make_session() {
  if (auto valid = config.validate(); !valid) return valid;
  // Wrong names are the user's to mend before privileges are.
  if (auto checked = tracers::check_syscall_options(config.syscall); !checked) return checked;
  core::FeatureSet features;
  if (auto disabled = features.disable(config.disabled_features); !disabled) return disabled;
  if (auto met = core::check_requirements(features); !met) return met;
  const auto filter = tracers::resolve_target(config.target);
  if (!filter) return tl::unexpected(filter.error());
  auto made = tracers::make_syscall_tracer(config, features, *filter);
  if (!made) return tl::unexpected(made.error());
  tracer = made->get();
  session = std::make_unique<core::Session>(std::move(*made), describe(config, *filter));
  return {};
}

EbpfSyscallTracer::EbpfSyscallTracer(EbpfConfig config) : impl_(std::make_unique<Impl>()) {
  impl_->config = std::move(config);
}
EbpfSyscallTracer::EbpfSyscallTracer(EbpfSyscallTracer&&) noexcept = default;
EbpfSyscallTracer& EbpfSyscallTracer::operator=(EbpfSyscallTracer&&) noexcept = default;
EbpfSyscallTracer::~EbpfSyscallTracer() = default;

Result<void> EbpfSyscallTracer::filter_syscall(std::string_view name, bool enabled) {
  if (impl_->session != nullptr) {
    return fail(ErrorCode::EventProcessingFailed, "change the filter of a tracer that was started",
                "Choose the calls before start()");
  }
  std::vector<std::string> calls = impl_->config.syscall.calls;
  calls.push_back((enabled ? "" : "!") + std::string(name));
  if (auto parsed = syscalls::parse_selection(calls); !parsed)
    return tl::unexpected(parsed.error());
  impl_->config.syscall.calls = std::move(calls);
  return {};
}

Result<void> EbpfSyscallTracer::start() {
  if (impl_->session != nullptr) {
    return fail(ErrorCode::EventProcessingFailed, "start a tracer that was started before",
                "Make a new object for each run");
  }
  if (auto made = impl_->make_session(); !made) return made;
  if (auto started = impl_->session->start(); !started) {
    impl_->session.reset();
    return started;
  }
  return {};
}

Result<Report> EbpfSyscallTracer::stop() {
  if (impl_->session == nullptr) return impl_->not_running("stop");
  return impl_->session->stop();
}

Result<Report> EbpfSyscallTracer::snapshot() {
  if (impl_->session == nullptr) return impl_->not_running("take a snapshot of");
  return impl_->session->snapshot();
}

std::vector<SyscallEvent> EbpfSyscallTracer::take_events() {
  if (impl_->session == nullptr) return {};
  return impl_->tracer->take_events();
}

Result<void> EbpfSyscallTracer::pause() {
  if (impl_->session == nullptr) return impl_->not_running("pause");
  return impl_->session->pause();
}

Result<void> EbpfSyscallTracer::resume() {
  if (impl_->session == nullptr) return impl_->not_running("resume");
  return impl_->session->resume();
}

bool EbpfSyscallTracer::is_running() const noexcept {
  return impl_->session != nullptr && impl_->session->is_running();
}

SyscallStatistics EbpfSyscallTracer::get_stats() const {
  if (impl_->session == nullptr) return {};
  SyscallStatistics statistics;
  static_cast<Accounting&>(statistics) = impl_->session->accounting();
  statistics.syscalls_traced = statistics.reported;
  statistics.unique_syscalls = impl_->tracer->unique_calls();
  statistics.errors = impl_->tracer->failed_calls();
  return statistics;
}

Overhead EbpfSyscallTracer::get_overhead() const {
  return impl_->session == nullptr ? Overhead{} : impl_->session->overhead();
}

std::chrono::nanoseconds EbpfSyscallTracer::get_duration() const {
  return impl_->session == nullptr ? std::chrono::nanoseconds{} : impl_->session->duration();
}

}  // namespace sonde
