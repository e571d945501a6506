#include "tracers/net/tracer.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/attach.hpp"
#include "core/clock.hpp"
#include "core/kernel_error.hpp"
#include "core/libbpf_log.hpp"
#include "core/machine.hpp"
#include "ingest/ring_source.hpp"
#include "tracers/net/events.hpp"
#include "tracers/net/filter.hpp"
#include "tracers/net/lane.hpp"
#include "tracers/net/latencies.hpp"
#include "tracers/net/name_history.hpp"
#include "tracers/net/plan.hpp"
#include "tracers/net/skeleton.hpp"

namespace sonde::tracers {
namespace {

// The lanes do the work; this loads what they share, and asks each in turn.
class Tracer final : public NetTracer {
 public:
  Tracer(const EbpfConfig& config, const core::FeatureSet& features, NetPlan plan,
         TargetFilter filter, NetFilter net_filter)
      : config_(config),
        features_(features),
        plan_(std::move(plan)),
        filter_(std::move(filter)),
        net_filter_(std::move(net_filter)),
        events_(config.network.events) {
    const NetContext context{config_, filter_, features_, events_, latencies_, names_, read_ring_};
    for (const NetLaneEntry* entry : net_lanes()) {
      if (entry->wanted(config_.network)) lanes_.push_back(entry->make(context));
    }
  }

  std::string_view name() const noexcept override { return "net"; }
  const std::vector<PlanEntry>& plan() const noexcept override { return plan_.entries; }

  Result<void> load() override;
  Result<void> attach() override;
  Result<void> opened() override {
    return each([](NetLane& lane) { return lane.opened(); });
  }
  Result<void> maintain() override {
    return each([](NetLane& lane) { return lane.maintain(); });
  }
  void detach() noexcept override;

  volatile std::uint32_t& gate() noexcept override { return skeleton_->bss->sonde_gate; }
  const bpf_object* object() const noexcept override { return skeleton_->obj; }
  std::vector<core::EventSource*> sources() noexcept override;
  Result<void> drain() noexcept override {
    return each([](NetLane& lane) { return lane.drain(); });
  }
  Accounting accounting() const override;
  std::uint64_t ring_bytes() const noexcept override;
  core::ThreadTime worker_time() const override;
  std::optional<double> event_latency_us() const noexcept override;
  std::uint64_t trap_count() const noexcept override;
  std::uint64_t program_runs() const noexcept override;
  bool measures_program_time() const noexcept override { return plan_.program_time; }
  bool limit_reached() const noexcept override { return false; }

  void take() override;
  Result<std::vector<Section>> sections() override;
  std::vector<std::string> notices() const override;

  NetTotals totals() const override;
  std::vector<Table> take_rows() override { return events_.take(); }

 private:
  template <class Step>
  Result<void> each(Step step) {
    for (const auto& lane : lanes_) {
      if (Result<void> done = step(*lane); !done) return done;
    }
    return {};
  }
  void consume(std::span<const std::byte> record) noexcept;

  const EbpfConfig config_;
  const core::FeatureSet features_;
  const NetPlan plan_;
  const TargetFilter filter_;
  const NetFilter net_filter_;
  NetEvents events_;
  NetLatencies latencies_;
  NameHistory names_;
  const std::function<Result<void>()> read_ring_ = [this] { return ring_->drain(); };
  core::UniqueSkeleton<net_bpf> skeleton_;
  std::vector<std::unique_ptr<NetLane>> lanes_;
  std::unique_ptr<ingest::RingSource> ring_;
  std::vector<core::UniqueLink> links_;
  bool was_attached_ = false;
  std::uint64_t records_ = 0;
  std::uint64_t malformed_ = 0;
  double latency_us_ = 0;
};

Result<void> Tracer::load() {
  if (core::EventQueue* const queue = events()) events_.send_to(*queue);
  const core::LibbpfLog log;
  skeleton_.reset(net_bpf::open());
  if (skeleton_ == nullptr) return tl::unexpected(core::load_error("net", errno, log.text()));
  configure_filter(*skeleton_->rodata, filter_, static_cast<std::uint32_t>(::getpid()),
                   core::own_pid_namespace());
  configure_net_filter(*skeleton_->rodata, net_filter_);
  if (filter_.tgids.empty()) ::bpf_map__set_max_entries(skeleton_->maps.filter_tgids, 1);
  const auto ring = static_cast<std::uint32_t>(std::bit_ceil(config_.network.ring_bytes));
  ::bpf_map__set_max_entries(skeleton_->maps.net_ring, ring);
  skeleton_->rodata->net_wakeup_bytes = ring / 8;
  auto& programs = skeleton_->progs;
  ::bpf_program__set_autoload(programs.filter_follow_fork, filter_.follow_children);
  ::bpf_program__set_autoload(programs.filter_begin_at_exec, filter_.from_exec);
  ::bpf_program__set_autoload(programs.filter_forget_exit, !filter_.tgids.empty());
  for (const NetLaneEntry* entry : net_lanes()) {
    if (!entry->wanted(config_.network)) entry->leave_out(*skeleton_);
  }
  for (const auto& lane : lanes_)
    lane->configure(*skeleton_);
  if (const int error = net_bpf::load(skeleton_.get()); error != 0)
    return tl::unexpected(core::load_error("net", -error, log.text()));
  auto opened =
      ingest::RingSource::open(::bpf_map__fd(skeleton_->maps.net_ring),
                               [this](std::span<const std::byte> record) { consume(record); });
  if (!opened) return tl::unexpected(opened.error());
  ring_ = std::move(*opened);
  if (auto filled = fill_tgids(::bpf_map__fd(skeleton_->maps.filter_tgids), filter_); !filled)
    return filled;
  return each([this](NetLane& lane) { return lane.loaded(*skeleton_); });
}

// Targets are followed before anything is looked at, and forgotten last.
Result<void> Tracer::attach() {
  const auto& programs = skeleton_->progs;
  was_attached_ = true;
  if (auto done =
          core::attach_loaded({programs.filter_follow_fork, programs.filter_begin_at_exec}, links_);
      !done)
    return done;
  for (const auto& lane : lanes_) {
    for (const bpf_program* program : lane->programs(*skeleton_)) {
      if (auto done = core::attach_loaded({program}, links_); !done) return done;
    }
  }
  return core::attach_loaded({programs.filter_forget_exit}, links_);
}

void Tracer::detach() noexcept {
  if (std::exchange(was_attached_, false)) {
    for (const auto& lane : lanes_)
      lane->detaching();
  }
  links_.clear();
}

std::vector<core::EventSource*> Tracer::sources() noexcept {
  std::vector<core::EventSource*> all = {ring_.get()};
  for (const auto& lane : lanes_) {
    for (core::EventSource* source : lane->sources())
      all.push_back(source);
  }
  return all;
}

void Tracer::consume(std::span<const std::byte> record) noexcept {
  sonde_record_header header{};
  if (record.size() < sizeof(header)) {
    ++malformed_;
    return;
  }
  std::memcpy(&header, record.data(), sizeof(header));
  if (header.version != SONDE_WIRE_VERSION || header.length > record.size()) {
    ++malformed_;
    return;
  }
  const std::uint64_t now = core::monotonic_ns();
  if (now > header.time_ns) latency_us_ += static_cast<double>(now - header.time_ns) / 1e3;
  ++records_;
  for (const auto& lane : lanes_) {
    if (lane->consume(header, record)) return;
  }
  ++malformed_;
}

Accounting Tracer::accounting() const {
  Accounting books;
  books.tracer = "net";
  for (const auto& lane : lanes_)
    lane->account(books);
  return books;
}

std::uint64_t Tracer::ring_bytes() const noexcept {
  std::uint64_t total = 0;
  for (const auto& lane : lanes_)
    total += lane->ring_bytes();
  return total;
}

core::ThreadTime Tracer::worker_time() const {
  core::ThreadTime total;
  for (const auto& lane : lanes_)
    total += lane->worker_time();
  return total;
}

std::optional<double> Tracer::event_latency_us() const noexcept {
  if (records_ == 0) return {};
  return latency_us_ / static_cast<double>(records_);
}

std::uint64_t Tracer::trap_count() const noexcept {
  std::uint64_t total = 0;
  for (const auto& lane : lanes_)
    total += lane->trap_count();
  return total;
}

std::uint64_t Tracer::program_runs() const noexcept {
  std::uint64_t total = 0;
  for (const auto& lane : lanes_)
    total += lane->program_runs();
  return total;
}

void Tracer::take() {
  for (const auto& lane : lanes_)
    lane->take();
  latencies_.take();
}

Result<std::vector<Section>> Tracer::sections() {
  std::vector<Section> sections;
  if (auto done = each([&](NetLane& lane) { return lane.sections(sections); }); !done)
    return tl::unexpected(done.error());
  Table latencies = latencies_.table();
  if (!config_.network.events && !latencies.rows.empty()) {
    sections.emplace_back(std::move(latencies));
    if (config_.network.histograms) {
      for (Histogram& histogram : latencies_.histograms())
        sections.emplace_back(std::move(histogram));
    }
  }
  return sections;
}

std::vector<std::string> Tracer::notices() const {
  std::vector<std::string> notices;
  for (const auto& lane : lanes_)
    lane->notices(notices);
  if (const std::uint64_t missed = skeleton_->bss->filter_children_missed; missed != 0)
    notices.push_back(fmt::format("{} child processes were not traced: too many at once", missed));
  if (malformed_ != 0)
    notices.push_back(fmt::format("{} malformed records were ignored", malformed_));
  return notices;
}

NetTotals Tracer::totals() const {
  NetTotals totals;
  for (const auto& lane : lanes_)
    lane->add_totals(totals);
  return totals;
}

}  // namespace

Result<void> check_network_options(const NetworkOptions& options) {
  if (auto filter = resolve_net_filter(options); !filter) return tl::unexpected(filter.error());
  return {};
}

Result<std::unique_ptr<NetTracer>> make_net_tracer(const EbpfConfig& config,
                                                   const core::FeatureSet& features,
                                                   const TargetFilter& filter) {
  auto plan = plan_net(config, features);
  if (!plan) return tl::unexpected(plan.error());
  auto net_filter = resolve_net_filter(config.network);
  if (!net_filter) return tl::unexpected(net_filter.error());
  return std::make_unique<Tracer>(config, features, std::move(*plan), filter,
                                  std::move(*net_filter));
}

}  // namespace sonde::tracers
