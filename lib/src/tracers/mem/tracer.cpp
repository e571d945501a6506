#include "tracers/mem/tracer.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "aggregate/byte_sampling.hpp"
#include "core/attach.hpp"
#include "core/kernel_error.hpp"
#include "core/kernel_lookup.hpp"
#include "core/libbpf_log.hpp"
#include "core/machine.hpp"
#include "core/skeleton.hpp"
#include "tracers/mem/alloc_lane.hpp"
#include "tracers/mem/alloc_targets.hpp"
#include "tracers/mem/faults.hpp"
#include "tracers/mem/kernel.hpp"
#include "tracers/mem/lane.hpp"
#include "tracers/mem/object.hpp"
#include "tracers/mem/plan.hpp"
#include "tracers/mem/program_files.hpp"
#include "tracers/stacks/stack_events.hpp"
#include "tracers/stacks/stack_recorder.hpp"

namespace sonde::tracers {
namespace {

// Of every process of a busy machine there are many stacks at once.
constexpr std::uint32_t kCountCapacity = 4 * StackRecorder::kCountCapacity;
constexpr std::uint32_t kRingBytes = 4 * StackRecorder::kRingBytes;

class Tracer final : public MemTracer {
 public:
  /// `probes`: null unless allocations are traced.
  Tracer(const EbpfConfig& config, MemPlan plan, TargetFilter filter,
         std::unique_ptr<AllocProbes> probes)
      : config_(config),
        plan_(std::move(plan)),
        filter_(std::move(filter)),
        stacks_(naming(), {}, true) {
    // The lanes, here and nowhere else.
    if (plan_.faults) lanes_.push_back(make_fault_lane(config_.memory, plan_, filter_, stacks_));
    if (plan_.alloc) {
      lanes_.push_back(make_alloc_lane(config_, plan_, filter_, std::move(probes), stacks_));
    }
    if (plan_.kernel) lanes_.push_back(make_kernel_lane(plan_, stacks_));
  }

  std::string_view name() const noexcept override { return "mem"; }
  const std::vector<PlanEntry>& plan() const noexcept override { return plan_.entries; }

  Result<void> load() override;
  Result<void> attach() override;
  Result<void> opened() override;
  Result<void> maintain() override;
  void detach() noexcept override;

  volatile std::uint32_t& gate() noexcept override { return object_->bss->sonde_gate; }
  const bpf_object* object() const noexcept override { return object_->obj; }
  std::vector<core::EventSource*> sources() noexcept override;

  Result<void> drain() noexcept override;
  Accounting accounting() const override;
  std::uint64_t ring_bytes() const noexcept override;
  core::ThreadTime worker_time() const override { return stacks_.worker_time(); }
  std::optional<double> event_latency_us() const noexcept override {
    return stacks_.event_latency_us();
  }
  std::uint64_t program_runs() const noexcept override;
  bool measures_program_time() const noexcept override { return plan_.program_time; }
  core::StatsWindows stats_windows() const noexcept override { return {10'000'000, 10'000'000}; }
  std::uint64_t trap_count() const noexcept override;
  std::optional<std::uint64_t> trap_cost_ns() noexcept override;
  bool limit_reached() const noexcept override;

  void take() override;
  Result<std::vector<Section>> sections() override;
  std::vector<EbpfEvent> take_events(std::size_t limit) override;
  std::vector<std::string> notices() const override;
  MemoryStatistics statistics() const override;

 private:
  symbolize::SymbolizerOptions naming();
  void configure();

  const EbpfConfig config_;
  const MemPlan plan_;
  const TargetFilter filter_;
  core::UniqueSkeleton<mem_bpf> object_;
  std::vector<core::UniqueLink> links_;
  StackRecorder stacks_;
  std::unique_ptr<StackEvents> events_;  // null without live events
  std::uint64_t events_lost_ = 0;
  bool detached_ = false;
  std::vector<std::unique_ptr<MemLane>> lanes_;
};

symbolize::SymbolizerOptions Tracer::naming() {
  symbolize::SymbolizerOptions options = symbolizer_options(config_, config_.memory.max_stacks);
  if (plan_.kernel_lookup) {
    options.kernel_names = [this](std::span<const std::uint64_t> addresses) {
      return core::look_up_kernel_names(::bpf_program__fd(object_->progs.ksym_names),
                                        object_->bss->ksym_exchange, addresses);
    };
  }
  return options;
}

void Tracer::configure() {
  configure_filter(*object_->rodata, filter_, static_cast<std::uint32_t>(::getpid()),
                   core::own_pid_namespace());
  object_->rodata->stack_user = config_.unwind.method != UnwindMethod::none;
  ::bpf_map__set_max_entries(object_->maps.counts_a, kCountCapacity);
  ::bpf_map__set_max_entries(object_->maps.counts_b, kCountCapacity);
  ::bpf_map__set_max_entries(object_->maps.stacks, kRingBytes);
  ::bpf_map__set_max_entries(object_->maps.unwind_misses, plan_.cfi ? kRingBytes : 4096);
  if (filter_.tgids.empty()) ::bpf_map__set_max_entries(object_->maps.filter_tgids, 1);
  configure_unwinder(object_->maps, plan_.cfi);
  ::bpf_program__set_autoload(object_->progs.ksym_names, plan_.kernel_lookup);
  ::bpf_program__set_autoload(object_->progs.filter_follow_fork, filter_.follow_children);
  ::bpf_program__set_autoload(object_->progs.filter_begin_at_exec, filter_.from_exec);
  ::bpf_program__set_autoload(object_->progs.filter_forget_exit, !filter_.tgids.empty());
  aggregate::fill_log_table(object_->rodata->sampling_log);
  aggregate::fill_inverse_table(object_->rodata->sampling_inverse);
  if (!plan_.kernel) leave_out_kernel_lane(*object_);
  if (!plan_.alloc) leave_out_alloc_lane(*object_);
  for (const auto& lane : lanes_)
    lane->configure(*object_);
}

Result<void> Tracer::load() {
  if (events() != nullptr) {
    events_ = std::make_unique<StackEvents>(*events());
    stacks_.send_events_to(*events_);
    for (const auto& lane : lanes_)
      lane->send_events_to(*events_);
  }
  const core::LibbpfLog log;
  object_.reset(mem_bpf::open());
  if (object_ == nullptr) return tl::unexpected(core::load_error("mem", errno, log.text()));
  configure();
  if (const int error = mem_bpf::load(object_.get()); error != 0)
    return tl::unexpected(core::load_error("mem", -error, log.text()));
  if (auto filled = fill_tgids(::bpf_map__fd(object_->maps.filter_tgids), filter_); !filled)
    return filled;
  auto opened = stacks_.open(
      {::bpf_map__fd(object_->maps.counts), ::bpf_map__fd(object_->maps.counts_a),
       ::bpf_map__fd(object_->maps.counts_b), ::bpf_map__fd(object_->maps.stacks), kCountCapacity},
      plan_.sideband, plan_.batches);
  if (!opened) return opened;
  if (plan_.cfi) {
    opened = stacks_.open_unwinder(unwind_maps(*object_), config_.unwind.table_bytes, filter_.tgids,
                                   plan_.by_process);
    if (!opened) return opened;
    stacks_.expect(open_launched_files(filter_));
  }
  for (const auto& lane : lanes_) {
    if (auto loaded = lane->loaded(*object_); !loaded) return loaded;
  }
  return {};
}

// Targets are followed before their memory is looked at, and forgotten after.
Result<void> Tracer::attach() {
  const auto& programs = object_->progs;
  if (auto attached =
          core::attach_loaded({programs.filter_follow_fork, programs.filter_begin_at_exec}, links_);
      !attached) {
    return attached;
  }
  for (const auto& lane : lanes_) {
    if (auto attached = lane->attach(links_); !attached) return attached;
  }
  return core::attach_loaded({programs.filter_forget_exit}, links_);
}

Result<void> Tracer::opened() {
  for (const auto& lane : lanes_) {
    if (auto opened = lane->opened(); !opened) return opened;
  }
  return {};
}

Result<void> Tracer::maintain() {
  for (const auto& lane : lanes_) {
    if (auto maintained = lane->maintain(); !maintained) return maintained;
  }
  return stacks_.maintain();
}

void Tracer::detach() noexcept {
  for (const auto& lane : lanes_)
    lane->detach();
  links_.clear();
  detached_ = true;
}

std::vector<core::EventSource*> Tracer::sources() noexcept {
  std::vector<core::EventSource*> all = stacks_.sources();
  for (const auto& lane : lanes_) {
    for (core::EventSource* const source : lane->sources())
      all.push_back(source);
  }
  return all;
}

Result<void> Tracer::drain() noexcept {
  std::uint64_t lost = 0;
  for (const auto& lane : lanes_) {
    if (auto drained = lane->drain(); !drained) return drained;
    lost += lane->events_lost();
  }
  if (events_ != nullptr) events()->count_lost(lost - std::exchange(events_lost_, lost));
  return stacks_.drain();
}

Accounting Tracer::accounting() const {
  const aggregate::StackCounts& counts = stacks_.counts();
  Accounting books;
  books.tracer = "mem";
  std::uint64_t recorded = 0;
  for (const auto& lane : lanes_) {
    lane->add_books(books);
    recorded += lane->recorded();
  }
  books.lost["stack_ring_full"] += counts.nameless();
  books.reported += counts.counted() - counts.nameless();
  books.in_flight += recorded - counts.counted();
  stacks_.count_truncated(books.truncated);
  return books;
}

std::uint64_t Tracer::ring_bytes() const noexcept {
  std::uint64_t bytes = stacks_.ring_bytes();
  for (const auto& lane : lanes_)
    bytes += lane->ring_bytes();
  return bytes;
}

std::uint64_t Tracer::program_runs() const noexcept {
  std::uint64_t runs = 0;
  for (const auto& lane : lanes_)
    runs += lane->program_runs();
  return runs;
}

std::uint64_t Tracer::trap_count() const noexcept {
  std::uint64_t count = 0;
  for (const auto& lane : lanes_)
    count += lane->trap_count();
  return count;
}

std::optional<std::uint64_t> Tracer::trap_cost_ns() noexcept {
  for (const auto& lane : lanes_) {
    if (const auto cost = lane->trap_cost_ns()) return cost;
  }
  return {};
}

bool Tracer::limit_reached() const noexcept {
  return std::ranges::any_of(lanes_, [](const auto& lane) { return lane->limit_reached(); });
}

void Tracer::take() {
  // Kills for want of memory name the stack by which the process grew last.
  stacks_.take(detached_ && !plan_.kernel);
  for (const auto& lane : lanes_)
    lane->take();
  if (events_ != nullptr && detached_) events_->finish();
}

std::vector<EbpfEvent> Tracer::take_events(std::size_t limit) {
  if (events_ == nullptr) return {};
  return events_->take(limit, [this](const auto& stacks) { return stacks_.name(stacks); });
}

Result<std::vector<Section>> Tracer::sections() {
  std::vector<symbolize::RawStack> counted = stacks_.taken();
  std::vector<Section> sections;
  for (const auto& lane : lanes_) {
    if (auto added = lane->add_sections(counted, sections); !added)
      return tl::unexpected(added.error());
  }
  return sections;
}

std::vector<std::string> Tracer::notices() const {
  std::vector<std::string> notices = stacks_.notices();
  for (const auto& lane : lanes_)
    lane->add_notices(notices);
  if (const std::size_t most = stacks_.bounded_to(); most != 0 && config_.memory.max_stacks != 0) {
    notices.push_back(
        fmt::format("of each measure the {} largest stacks are told apart, whichever process of a "
                    "name they are of, and the others are in {} of that name (--max-stacks)",
                    most, symbolize::kOtherStacks));
  }
  if (const std::uint64_t missed = object_->bss->filter_children_missed; missed != 0)
    notices.push_back(fmt::format("{} child processes were not traced: too many at once", missed));
  return notices;
}

MemoryStatistics Tracer::statistics() const {
  MemoryStatistics statistics;
  static_cast<Accounting&>(statistics) = accounting();
  for (const auto& lane : lanes_)
    lane->add_statistics(statistics);
  return statistics;
}

}  // namespace

Result<std::unique_ptr<MemTracer>> make_mem_tracer(const EbpfConfig& config,
                                                   const core::FeatureSet& features,
                                                   const TargetFilter& filter) {
  auto plan = plan_mem(config, features);
  if (!plan) return tl::unexpected(plan.error());
  AllocTargets targets;
  if (plan->alloc) {
    auto found = find_alloc_targets(filter);
    if (!found) return tl::unexpected(found.error());
    targets = std::move(*found);
  }
  if (!targets.unprobed.empty()) {
    const auto planned =
        plan_faults_instead(features, targets.unprobed, targets.all_unprobed, *plan);
    if (!planned) return tl::unexpected(planned.error());
  }
  return std::make_unique<Tracer>(config, std::move(*plan), filter, std::move(targets.probes));
}

}  // namespace sonde::tracers
