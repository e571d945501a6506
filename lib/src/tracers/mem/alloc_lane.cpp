#include "tracers/mem/alloc_lane.hpp"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <utility>

#include "core/machine.hpp"
#include "core/trap_cost.hpp"
#include "ingest/ring_source.hpp"
#include "tracers/mem/alloc_event.hpp"
#include "tracers/mem/alloc_governor.hpp"
#include "tracers/mem/alloc_probes.hpp"
#include "tracers/mem/alloc_programs.hpp"
#include "tracers/mem/alloc_sites.hpp"
#include "tracers/stacks/stack_events.hpp"
#include "tracers/stacks/stack_recorder.hpp"
#include "util/fail.hpp"

namespace sonde::tracers {
namespace {

class AllocLane final : public MemLane {
 public:
  AllocLane(const MemoryOptions& options, const MemPlan& plan, const TargetFilter& filter,
            std::unique_ptr<AllocProbes> probes, StackRecorder& stacks)
      : options_(options),
        plan_(plan),
        filter_(filter),
        stacks_(stacks),
        object_({plan.alloc_multi, plan.alloc_session, plan.cfi, options.live, false,
                 !options.live && options.overhead_limit_percent() > 0, options.sample_bytes}),
        probes_(std::move(probes)) {}

  void send_events_to(StackEvents& events) override {
    events_ = &events;
    object_.send_events();
  }
  void configure(mem_bpf& object) override { object_.configure(object); }
  Result<void> loaded(mem_bpf& object) override;
  Result<void> attach(std::vector<core::UniqueLink>&) override;
  Result<void> opened() override { return governor_->begin(); }
  Result<void> maintain() override;
  void detach() noexcept override;
  std::vector<core::EventSource*> sources() noexcept override;
  std::uint64_t events_lost() const noexcept override;
  Result<void> drain() noexcept override;

  void add_books(Accounting& books) const override;
  std::uint64_t recorded() const noexcept override { return 0; }
  std::uint64_t program_runs() const noexcept override;
  std::uint64_t trap_count() const noexcept override;
  std::optional<std::uint64_t> trap_cost_ns() const noexcept override;
  bool limit_reached() const noexcept override { return governor_ && governor_->gave_up(); }

  void take() override;
  Result<void> add_sections(std::vector<symbolize::RawStack>& counted,
                            std::vector<Section>& sections) override;
  void add_statistics(MemoryStatistics& statistics) const override;
  void add_notices(std::vector<std::string>& notices) const override;

 private:
  Result<void> look_first();
  Result<void> open_events();
  void on_event(std::span<const std::byte> record) noexcept;
  std::vector<std::uint32_t> descendants() const;
  Error nothing_to_probe() const;

  const MemoryOptions options_;
  const MemPlan& plan_;
  const TargetFilter& filter_;
  StackRecorder& stacks_;
  AllocObject object_;
  const std::unique_ptr<AllocProbes> probes_;
  AllocSites sites_;
  core::TrapCost trap_;
  std::optional<AllocGovernor> governor_;
  StackEvents* events_ = nullptr;  // null without live events
  std::unique_ptr<ingest::RingSource> event_ring_;
  std::uint64_t malformed_events_ = 0;
  std::vector<symbolize::RawStack> taken_;
  std::optional<Error> take_error_;
};

Result<void> AllocLane::loaded(mem_bpf& object) {
  object_.loaded(object);
  sites_.open(object_.sites_fd(), object_.lives_fd());
  if (auto opened = open_events(); !opened) return opened;
  const auto trap = core::measure_trap_cost(object_.programs().call_type);
  if (!trap) return tl::unexpected(trap.error());
  trap_ = *trap;
  governor_.emplace(AllocGovernor::Parts{&object_, probes_.get(), &sites_},
                    AllocBudget(trap_, options_.overhead_limit_percent()), options_.live,
                    filter_.follow_children);
  if (auto looked = look_first(); !looked) return looked;
  // A launcher's own calls say nothing of what it will run.
  return governor_->estimate(plan_.alloc_session, !filter_.from_exec);
}

// A process whose program was just replaced has no allocator until its libraries are mapped.
Result<void> AllocLane::look_first() {
  constexpr int kMostLooks = 20;
  constexpr auto kBetween = std::chrono::milliseconds(10);
  for (int looks = 0; looks < kMostLooks; ++looks) {
    if (looks != 0) std::this_thread::sleep_for(kBetween);
    if (auto looked = probes_->look(); !looked) return looked;
    if (!probes_->processes().empty() || filter_.from_exec) return {};
  }
  return tl::unexpected(nothing_to_probe());
}

Result<void> AllocLane::open_events() {
  if (events_ == nullptr) return {};
  auto ring = ingest::RingSource::open(
      object_.events_fd(), [this](std::span<const std::byte> record) { on_event(record); });
  if (!ring) return tl::unexpected(ring.error());
  event_ring_ = std::move(*ring);
  return {};
}

void AllocLane::on_event(std::span<const std::byte> record) noexcept {
  auto event = decode_alloc_event(record, probes_->function_names());
  if (event)
    events_->add(std::move(*event), stacks_.counts());
  else
    ++malformed_events_;
}

std::vector<core::EventSource*> AllocLane::sources() noexcept {
  std::vector<core::EventSource*> sources = {&*governor_};
  if (event_ring_ != nullptr) sources.push_back(event_ring_.get());
  return sources;
}

std::uint64_t AllocLane::events_lost() const noexcept {
  return events_ == nullptr ? 0 : object_.counters().events_lost + malformed_events_;
}

Error AllocLane::nothing_to_probe() const {
  const AllocFound& found = probes_->found();
  if (probes_->watch().processes() == 0) {
    if (probes_->watch().unreadable() != 0) {
      return {ErrorCode::InsufficientPermissions,
              0,
              "the mappings of the target may not be read",
              "Run as root, or grant CAP_SYS_PTRACE",
              {}};
    }
    return {ErrorCode::ConfigError, 0, "no process to trace: it may have ended", {}, {}};
  }
  return {
      ErrorCode::ConfigError,
      0,
      fmt::format("no allocator found in {}{}{}", filter_.description,
                  found.problems.empty() ? "" : ": ", fmt::join(found.problems, "; ")),
      "malloc and what is like it are found by their symbols. Leave out --alloc: what makes its "
      "memory grow is shown even so",
      {}};
}

Result<void> AllocLane::attach(std::vector<core::UniqueLink>&) {
  return probes_->attach(object_.programs());
}

std::vector<std::uint32_t> AllocLane::descendants() const {
  std::vector<std::uint32_t> pids;
  if (!filter_.follow_children) return pids;
  std::uint32_t pid = 0;
  const int map = object_.tgids_fd();
  for (int more = ::bpf_map_get_next_key(map, nullptr, &pid); more == 0;
       more = ::bpf_map_get_next_key(map, &pid, &pid))
    pids.push_back(pid);
  return pids;
}

Result<void> AllocLane::maintain() {
  if (auto looked = probes_->look(descendants()); !looked) return looked;
  // Where sonde is in a PID namespace, the numbers in the map are not those that it knows.
  if (!options_.live || core::own_pid_namespace() != 0) return {};
  return sites_.set_aside(probes_->take_ended(), options_.older_than);
}

void AllocLane::detach() noexcept {
  if (governor_) governor_->end();
  probes_->detach();
}

Result<void> AllocLane::drain() noexcept {
  if (auto read = governor_->read_sites(); !read) return read;
  sites_.look();
  return {};
}

void AllocLane::add_books(Accounting& books) const {
  const sonde_alloc_counters c = object_.counters();
  const AllocSites::Known known = sites_.known(stacks_.counts());
  books.seen += c.seen;
  books.filtered += c.filtered_target + c.filtered_self + c.filtered_paused + c.filtered_window +
                    c.filtered_nested + c.filtered_unsampled + c.filtered_failed +
                    c.filtered_untracked;
  books.reported += known.known + c.freed;
  books.lost["stack_ring_full"] += known.nameless;
  books.lost["site_map_full"] += c.lost_sites_full;
  books.lost["live_map_full"] += c.lost_live_full;
  books.lost["stack_buffer_busy"] += c.lost_busy;
  books.lost["no_memory"] += c.lost_no_memory;
  // A call that had not returned when the breakpoints went away never will.
  const std::uint64_t open = c.begun - c.ended;
  const bool ended = !governor_ || governor_->ended();
  books.lost["no_return"] += c.lost_no_return + (ended ? open : 0);
  books.in_flight += (ended ? 0 : open) + (c.recorded - known.known - known.nameless);
  sites_.count_truncated(stacks_.counts(), books.truncated);
}

std::uint64_t AllocLane::program_runs() const noexcept {
  const sonde_alloc_counters c = object_.counters();
  const sonde_alloc_cost costs = object_.costs();
  return c.seen + c.returns + costs.seconds + costs.syscalls;
}

// In traps at an instruction that is emulated: trap_cost_ns() is the cost of one.
std::uint64_t AllocLane::trap_count() const noexcept {
  const sonde_alloc_counters c = object_.counters();
  const std::uint64_t hits = c.seen + object_.costs().seconds;
  const AllocLoad load = {static_cast<double>(hits), static_cast<double>(c.stepped),
                          static_cast<double>(c.returns), 0, 0};
  const AllocBudget budget(trap_, 0);
  return trap_.emulated_ns < 1
             ? hits
             : static_cast<std::uint64_t>(budget.trap_ns(load) / trap_.emulated_ns);
}

std::optional<std::uint64_t> AllocLane::trap_cost_ns() const noexcept {
  return static_cast<std::uint64_t>(trap_.emulated_ns);
}

void AllocLane::take() {
  auto read = governor_->read_sites();
  if (read) read = sites_.read_ages(options_.older_than);
  if (!read) take_error_ = read.error();
  taken_ = sites_.stacks(stacks_.counts(), object_.distance());
}

Result<void> AllocLane::add_sections(std::vector<symbolize::RawStack>&,
                                     std::vector<Section>& sections) {
  if (take_error_) return tl::unexpected(*take_error_);
  StackProfile profile = stacks_.profile_of(std::exchange(taken_, {}));
  profile.type = "allocation_site";
  profile.by_process = true;
  if (options_.live) {
    profile.title = "Live memory";
    profile.sample_types = {{"inuse_space", "bytes", "live_bytes", "live"},
                            {"inuse_objects", "count", "live_count"},
                            {"alloc_space", "bytes", "allocated_bytes"},
                            {"alloc_objects", "count", "allocated_count"}};
    profile.details = {{"growing", "GROWING"}};
  } else {
    profile.title = "Allocations";
    profile.sample_types = {{"alloc_space", "bytes", "allocated_bytes", "allocated"},
                            {"alloc_objects", "count", "allocated_count"}};
  }
  profile.default_sample_type = profile.sample_types.front().type;
  profile.period_bytes = object_.distance();
  sections.emplace_back(std::move(profile));
  return {};
}

void AllocLane::add_statistics(MemoryStatistics& statistics) const {
  const AllocTotals totals = sites_.totals();
  statistics.allocations = static_cast<std::uint64_t>(totals.count + 0.5);
  statistics.allocated_bytes = static_cast<std::uint64_t>(totals.bytes + 0.5);
  if (!options_.live) return;
  statistics.deallocations = object_.counters().releases;
  statistics.live_bytes = static_cast<std::uint64_t>(totals.live_bytes + 0.5);
}

void AllocLane::add_notices(std::vector<std::string>& notices) const {
  const AllocFound& found = probes_->found();
  const sonde_alloc_counters c = object_.counters();
  if (found.functions != 0) {
    notices.push_back(fmt::format(
        "{} functions of {} are probed{}", found.functions, fmt::join(found.files, ", "),
        found.stepped == 0 ? std::string()
                           : fmt::format(", {} of them where a hit costs about nine "
                                         "times as much",
                                         found.stepped)));
  }
  if (object_.distance() > 1) {
    const AllocTotals totals = sites_.totals();
    constexpr double kNinetyFive = 1.96;
    std::string notice = fmt::format("sampled once in {} bytes on average", object_.distance());
    if (totals.error_bytes > 0) {
      notice += fmt::format(": the {:.4g} bytes in all are within ±{:.1f} % (95 %)", totals.bytes,
                            100 * kNinetyFive * totals.error_bytes / totals.bytes);
    }
    notices.push_back(std::move(notice));
  }
  governor_->add_notices(notices);
  if (c.hidden_frees != 0) {
    notices.push_back(
        fmt::format("{} allocations were freed by functions that are not probed", c.hidden_frees));
  }
  if (found.refused != 0) {
    notices.push_back(
        fmt::format("the kernel does not take breakpoints in {} functions: their "
                    "calls are not seen",
                    found.refused));
  }
  for (const auto& [pid, why] : found.unprobed)
    notices.push_back(fmt::format("process {} is not probed: {}", pid, why));
  for (const std::string& problem : found.problems)
    notices.push_back(problem);
}

}  // namespace

std::unique_ptr<MemLane> make_alloc_lane(const EbpfConfig& config, const MemPlan& plan,
                                         const TargetFilter& filter,
                                         std::unique_ptr<AllocProbes> probes,
                                         StackRecorder& stacks) {
  return std::make_unique<AllocLane>(config.memory, plan, filter, std::move(probes), stacks);
}

}  // namespace sonde::tracers
