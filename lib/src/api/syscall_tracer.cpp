#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sonde/syscall_tracer.hpp>

#include "api/tracer_session.hpp"
#include "syscalls/abi.hpp"
#include "syscalls/classes.hpp"
#include "syscalls/selection.hpp"
#include "tracers/syscall/tracer.hpp"
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
  TracerSession<tracers::SyscallTracer> session;
};

EbpfSyscallTracer::EbpfSyscallTracer(EbpfConfig config) : impl_(std::make_unique<Impl>()) {
  impl_->config = std::move(config);
  EventOptions& events = impl_->config.events;
  bool& trace = impl_->config.syscall.trace;
  trace = events.enabled = trace || events.enabled || events.callback;
}
EbpfSyscallTracer::EbpfSyscallTracer(EbpfSyscallTracer&&) noexcept = default;
EbpfSyscallTracer& EbpfSyscallTracer::operator=(EbpfSyscallTracer&&) noexcept = default;
EbpfSyscallTracer::~EbpfSyscallTracer() = default;

Result<void> EbpfSyscallTracer::filter_syscall(std::string_view name, bool enabled) {
  if (impl_->session.was_prepared()) {
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

Result<void> EbpfSyscallTracer::prepare() {
  // Wrong names are the user's to mend before privileges are.
  if (auto checked = tracers::check_syscall_options(impl_->config.syscall); !checked)
    return checked;
  return impl_->session.prepare(impl_->config, tracers::make_syscall_tracer, describe);
}

Result<void> EbpfSyscallTracer::start() {
  return impl_->session.start([this] { return prepare(); });
}

Result<Report> EbpfSyscallTracer::stop() {
  return impl_->session.stop();
}

Result<Report> EbpfSyscallTracer::snapshot() {
  return impl_->session.snapshot();
}

std::vector<EbpfEvent> EbpfSyscallTracer::take_events() {
  return impl_->session.take_events();
}

int EbpfSyscallTracer::get_events_fd() const noexcept {
  return impl_->session.events_fd();
}

std::uint64_t EbpfSyscallTracer::get_events_lost() const noexcept {
  return impl_->session.events_lost();
}

Result<void> EbpfSyscallTracer::pause() {
  return impl_->session.pause();
}

Result<void> EbpfSyscallTracer::resume() {
  return impl_->session.resume();
}

bool EbpfSyscallTracer::is_running() const noexcept {
  return impl_->session.is_running();
}

SyscallStatistics EbpfSyscallTracer::get_stats() const {
  if (impl_->session.tracer() == nullptr) return {};
  SyscallStatistics statistics;
  static_cast<Accounting&>(statistics) = impl_->session.accounting();
  statistics.syscalls_traced = statistics.reported;
  statistics.unique_syscalls = impl_->session.tracer()->unique_calls();
  statistics.errors = impl_->session.tracer()->failed_calls();
  return statistics;
}

ReportHeader EbpfSyscallTracer::get_header() const {
  return impl_->session.header();
}

Overhead EbpfSyscallTracer::get_overhead() const {
  return impl_->session.overhead();
}

std::chrono::nanoseconds EbpfSyscallTracer::get_duration() const {
  return impl_->session.duration();
}

std::vector<std::string> syscall_names() {
  std::vector<std::string> names;
  for (const std::string_view name : syscalls::native_names()) {
    if (!name.empty()) names.emplace_back(name);
  }
  for (const syscalls::CallClass& group : syscalls::call_classes())
    names.push_back("%" + std::string(group.name));
  return names;
}

}  // namespace sonde
