#include "core/session.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <thread>

#include "core/bpf_stats.hpp"
#include "core/clock.hpp"
#include "core/event_queue.hpp"
#include "core/machine.hpp"
#include "core/object_usage.hpp"
#include "core/thread_time.hpp"
#include "util/fail.hpp"
#include "util/own_thread.hpp"
#include "util/unique_fd.hpp"
#include "wire.h"

namespace sonde::core {
namespace {

constexpr std::uint64_t kPollMs = 100;
constexpr std::uint64_t kDrainEveryNs = 1'000'000'000;
constexpr std::size_t kEventsAtOnce = 4096;
constexpr int kReaderNice = -10;

Result<UniqueFd> make_epoll(const std::vector<EventSource*>& sources, int stop_fd) {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return fail_errno(ErrorCode::EventProcessingFailed, "create an epoll instance");
  const auto add = [&](int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    return fd < 0 || ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) == 0;
  };
  bool ok = add(stop_fd);
  for (const EventSource* source : sources)
    ok = ok && add(source->poll_fd());
  if (!ok) return fail_errno(ErrorCode::EventProcessingFailed, "wait for the ring buffers");
  return epoll;
}

}  // namespace

struct Session::Impl {
  enum class State { idle, prepared, running, stopped };

  Impl(std::unique_ptr<Tracer> t, ReportHeader h) : header(std::move(h)), tracer(std::move(t)) {}

  void read_until_stopped() noexcept;
  void deliver_events() noexcept;
  Result<void> drain_sources() noexcept;
  void keep_first_error(const Result<void>& result);
  void log(LogLevel level, std::string_view text) const;
  void log_plan() const;
  Result<void> start_reader();
  void stop_reader() noexcept;
  void detach() noexcept;
  Overhead measure_overhead() const;
  Result<Report> make_report();

  State state = State::idle;
  ReportHeader header;
  LogCallback log_callback;
  EventOptions event_options;
  std::unique_ptr<EventQueue> events;
  ThreadTime caller_time;
  std::uint64_t started_ns = 0;
  std::uint64_t stopped_ns = 0;
  std::optional<std::uint64_t> trap_cost_ns;
  UniqueFd stop_event;
  UniqueFd epoll;

  // Guards what follows against the reader thread.
  mutable std::mutex lock;
  std::unique_ptr<Tracer> tracer;
  BpfStats stats{[this] {
    return ProgramUse{program_time(tracer->object()), tracer->program_runs()};
  }};
  ThreadTime reader_time;
  std::optional<Error> first_error;

  // Last member: joined before anything it uses is destroyed.
  std::thread reader;
};

void Session::Impl::keep_first_error(const Result<void>& result) {
  if (result || first_error) return;
  first_error = result.error();
  log(LogLevel::warning, first_error->message());
}

void Session::Impl::log(LogLevel level, std::string_view text) const {
  if (log_callback) log_callback(level, fmt::format("{}: {}", tracer->name(), text));
}

void Session::Impl::log_plan() const {
  for (const PlanEntry& entry : header.plan) {
    // What the kernel cannot give is in every report, too: no news to whoever reads that.
    if (entry.state == PlanEntry::State::primary) {
      log(LogLevel::debug, fmt::format("{} by {}", entry.feature, entry.hook));
    } else {
      log(LogLevel::debug,
          fmt::format("{} {}: {}", entry.feature,
                      entry.hook.empty() ? "is missing" : "by " + entry.hook, entry.consequence));
    }
  }
}

Result<void> Session::Impl::drain_sources() noexcept {
  for (EventSource* source : tracer->sources()) {
    if (Result<void> drained = source->drain(); !drained) return drained;
  }
  return {};
}

void Session::Impl::read_until_stopped() noexcept {
  // Linux has a nice value for each thread. On a busy machine a fair share of time is too little to
  // empty the rings in: what is not read in time is lost. A process that may not do this reads with
  // the share that it has.
  (void)::setpriority(PRIO_PROCESS, 0, kReaderNice);
  const ThreadTime begin = thread_time();
  std::uint64_t next_drain = monotonic_ns() + kDrainEveryNs;
  for (;;) {
    std::array<epoll_event, 8> ready{};
    const std::uint64_t idle = monotonic_ns();
    const std::uint64_t tick_ms = (stats.next_tick_ns(idle) - idle) / 1'000'000 + 1;
    ::epoll_wait(epoll.get(), ready.data(), static_cast<int>(ready.size()),
                 static_cast<int>(std::min(kPollMs, tick_ms)));
    eventfd_t stop = 0;
    if (::eventfd_read(stop_event.get(), &stop) == 0) break;

    {
      const std::lock_guard guard(lock);
      const std::uint64_t now = monotonic_ns();
      stats.tick(now);
      keep_first_error(drain_sources());
      if (now >= next_drain) {
        next_drain = now + kDrainEveryNs;
        keep_first_error(tracer->drain());
        keep_first_error(tracer->maintain());
      }
      const ThreadTime used = thread_time();
      reader_time = {used.user_ns - begin.user_ns, used.system_ns - begin.system_ns};
    }
    deliver_events();
  }
}

// Without the lock, so that a callback holds up nobody but the reader.
void Session::Impl::deliver_events() noexcept {
  if (!event_options.callback) return;
  for (;;) {
    std::vector<EbpfEvent> lot = tracer->take_events(kEventsAtOnce);
    if (lot.empty()) return;
    event_options.callback(lot);
  }
}

void Session::Impl::stop_reader() noexcept {
  if (!reader.joinable()) return;
  ::eventfd_write(stop_event.get(), 1);
  reader.join();
}

// The gate first: what runs while links go away, one after another, would be counted unevenly.
void Session::Impl::detach() noexcept {
  tracer->gate() = SONDE_GATE_CLOSED;
  tracer->detach();
}

Session::Session(std::unique_ptr<Tracer> tracer, ReportHeader header)
    : impl_(std::make_unique<Impl>(std::move(tracer), std::move(header))) {
}

Session::~Session() {
  impl_->stop_reader();
  if (impl_->state == Impl::State::running) impl_->detach();
}

void Session::want_events(EventOptions options) {
  impl_->event_options = std::move(options);
  if (impl_->event_options.callback) impl_->event_options.enabled = true;
}

void Session::log_to(LogCallback log) {
  impl_->log_callback = std::move(log);
}

Result<void> Session::prepare() {
  Impl& s = *impl_;
  if (s.state != Impl::State::idle) {
    return fail(ErrorCode::EventProcessingFailed, "prepare a session that was prepared before",
                "Make a new object for each run");
  }
  s.state = Impl::State::stopped;
  const ThreadTimer timer(s.caller_time);
  if (s.event_options.enabled) {
    auto queue = EventQueue::open(s.event_options.capacity);
    if (!queue) return tl::unexpected(queue.error());
    s.events = std::move(*queue);
    s.tracer->send_events_to(*s.events);
  }
  const std::uint64_t begin = monotonic_ns();
  if (auto loaded = s.tracer->load(); !loaded) return loaded;
  s.log(LogLevel::debug, fmt::format("loaded in {} ms", (monotonic_ns() - begin) / 1'000'000));
  s.stop_event = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!s.stop_event) return fail_errno(ErrorCode::EventProcessingFailed, "create an eventfd");
  auto epoll = make_epoll(s.tracer->sources(), s.stop_event.get());
  if (!epoll) return tl::unexpected(epoll.error());
  s.epoll = std::move(*epoll);
  s.state = Impl::State::prepared;
  return {};
}

Result<void> Session::start() {
  Impl& s = *impl_;
  if (s.state == Impl::State::running || s.state == Impl::State::stopped) {
    return fail(ErrorCode::EventProcessingFailed, "start a session that was started before",
                "Make a new object for each run");
  }
  if (s.state == Impl::State::idle) {
    if (auto prepared = prepare(); !prepared) return prepared;
  }
  s.state = Impl::State::stopped;
  const ThreadTimer timer(s.caller_time);
  if (auto attached = s.tracer->attach(); !attached) {
    s.tracer->detach();
    return attached;
  }

  ReportHeader machine = describe_machine();
  s.header.host = std::move(machine.host);
  s.header.kernel = std::move(machine.kernel);
  s.header.architecture = std::move(machine.architecture);
  s.header.started = machine.started;
  s.header.online_cpus = machine.online_cpus;
  s.header.plan = s.tracer->plan();
  s.log_plan();
  s.started_ns = monotonic_ns();
  if (s.tracer->measures_program_time()) s.stats.start(s.started_ns, s.tracer->stats_windows());
  s.tracer->gate() = SONDE_GATE_RECORDING;
  if (auto opened = s.tracer->opened(); !opened) {
    s.detach();
    return opened;
  }
  if (auto reading = s.start_reader(); !reading) {
    s.detach();
    return reading;
  }
  s.state = Impl::State::running;
  s.log(LogLevel::debug, "recording");
  return {};
}

Result<void> Session::Impl::start_reader() {
  auto thread = start_thread([this] { read_until_stopped(); });
  if (!thread) return tl::unexpected(thread.error());
  reader = std::move(*thread);
  return {};
}

Result<Report> Session::stop() {
  Impl& s = *impl_;
  if (s.state != Impl::State::running) {
    return fail(ErrorCode::EventProcessingFailed, "stop a session that is not running");
  }
  if (s.reader.get_id() == std::this_thread::get_id()) {
    return fail(ErrorCode::EventProcessingFailed, "stop a session from its event callback",
                "Have another thread stop it");
  }
  {
    const ThreadTimer timer(s.caller_time);
    s.stopped_ns = monotonic_ns();
    s.tracer->gate() = SONDE_GATE_CLOSED;
    s.stop_reader();
    s.stats.stop();
    s.detach();
    s.state = Impl::State::stopped;
    // The drain waits until no program is left running, so the rings hold their last record only
    // after it.
    s.keep_first_error(s.tracer->drain());
    s.keep_first_error(s.drain_sources());
    s.trap_cost_ns = s.tracer->trap_cost_ns();
  }
  auto report = s.make_report();
  if (report) {
    const Accounting& books = report->summary.accounting.front();
    s.log(LogLevel::debug, fmt::format("stopped: seen {}, reported {}, lost {}", books.seen,
                                       books.reported, books.lost_total()));
  }
  s.deliver_events();
  return report;
}

Result<Report> Session::snapshot() {
  Impl& s = *impl_;
  if (s.state != Impl::State::running) {
    return fail(ErrorCode::EventProcessingFailed,
                "take a snapshot of a session that is not running");
  }
  {
    const ThreadTimer timer(s.caller_time);
    const std::lock_guard guard(s.lock);
    s.keep_first_error(s.tracer->drain());
    s.keep_first_error(s.drain_sources());
  }
  return s.make_report();
}

Result<Report> Session::Impl::make_report() {
  Report report;
  {
    const ThreadTimer timer(caller_time);
    {
      const std::lock_guard guard(lock);
      if (first_error) return tl::unexpected(*first_error);
      tracer->take();
      report.summary.accounting.push_back(tracer->accounting());
    }
    Result<std::vector<Section>> sections = tracer->sections();
    if (!sections) return tl::unexpected(sections.error());
    report.sections = std::move(*sections);
  }
  const std::lock_guard guard(lock);
  report.header = header;
  report.summary.notices = tracer->notices();
  if (const std::uint64_t lost = events == nullptr ? 0 : events->lost(); lost != 0) {
    report.summary.notices.push_back(
        fmt::format("{} live events were lost: they were not taken in time", lost));
  }
  const std::uint64_t end = state == State::running ? monotonic_ns() : stopped_ns;
  report.summary.duration = std::chrono::nanoseconds(end - started_ns);
  report.summary.overhead = measure_overhead();
  return report;
}

Overhead Session::Impl::measure_overhead() const {
  Overhead overhead;
  ThreadTime own = caller_time;
  own += reader_time;
  own += tracer->worker_time();
  overhead.user_cpu_ns = own.user_ns;
  overhead.system_cpu_ns = own.system_ns;
  overhead.bpf_ns = stats.estimate();
  if (trap_cost_ns) overhead.target_trap_ns = *trap_cost_ns * tracer->trap_count();
  overhead.rss_bytes = resident_bytes();
  overhead.map_bytes = map_memory_bytes(tracer->object()).value_or(0) + tracer->ring_bytes();
  overhead.memory_bytes = overhead.rss_bytes + overhead.map_bytes;
  overhead.event_latency_us = tracer->event_latency_us();
  const std::uint64_t end = state == State::running ? monotonic_ns() : stopped_ns;
  overhead.update_percent(std::chrono::nanoseconds(end - started_ns));
  return overhead;
}

Result<void> Session::pause() {
  if (!is_running())
    return fail(ErrorCode::EventProcessingFailed, "pause a session that is not running");
  impl_->tracer->gate() = SONDE_GATE_PAUSED;
  return {};
}

Result<void> Session::resume() {
  if (!is_running())
    return fail(ErrorCode::EventProcessingFailed, "resume a session that is not running");
  impl_->tracer->gate() = SONDE_GATE_RECORDING;
  return {};
}

bool Session::is_prepared() const noexcept {
  return impl_->state == Impl::State::prepared;
}

bool Session::is_running() const noexcept {
  return impl_->state == Impl::State::running;
}

bool Session::limit_reached() const noexcept {
  return impl_->state != Impl::State::idle && impl_->tracer->limit_reached();
}

std::vector<EbpfEvent> Session::take_events(std::size_t limit) {
  if (impl_->event_options.callback) return {};
  return impl_->tracer->take_events(limit);
}

int Session::events_fd() const noexcept {
  return impl_->events == nullptr ? -1 : impl_->events->fd();
}

std::uint64_t Session::events_lost() const noexcept {
  return impl_->events == nullptr ? 0 : impl_->events->lost();
}

Accounting Session::accounting() const {
  const std::lock_guard guard(impl_->lock);
  return impl_->tracer->accounting();
}

Overhead Session::overhead() const {
  const std::lock_guard guard(impl_->lock);
  return impl_->started_ns == 0 ? Overhead{} : impl_->measure_overhead();
}

std::chrono::nanoseconds Session::duration() const noexcept {
  const Impl& s = *impl_;
  if (s.started_ns == 0) return {};
  return std::chrono::nanoseconds((is_running() ? monotonic_ns() : s.stopped_ns) - s.started_ns);
}

const ReportHeader& Session::header() const noexcept {
  return impl_->header;
}

}  // namespace sonde::core
