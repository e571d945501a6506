#include "tracers/cpu/tracer.hpp"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "core/attach.hpp"
#include "core/clock.hpp"
#include "core/kernel_error.hpp"
#include "core/kernel_lookup.hpp"
#include "core/libbpf_log.hpp"
#include "core/machine.hpp"
#include "core/object_usage.hpp"
#include "core/per_cpu.hpp"
#include "core/perf_event.hpp"
#include "core/skeleton.hpp"
#include "core/tick_cost.hpp"

#include "shared/cpu_event.h"
#include "shared/ksym.h"
// The skeleton uses the types of the shared headers.
#include "cpu.skel.h"
#include "tracers/cpu/plan.hpp"
#include "tracers/cpu/sample_event.hpp"
#include "tracers/cpu_sampler.hpp"
#include "tracers/stacks/stack_events.hpp"
#include "tracers/stacks/stack_recorder.hpp"
#include "util/duration.hpp"
#include "util/fail.hpp"

namespace sonde::tracers {
namespace {

// All CPUs together may pass the limit by a hundredth: batches are for limits of thousands.
std::uint64_t sample_batch(std::uint64_t max_samples) {
  constexpr std::uint64_t kLargest = 64;
  const auto cpus = static_cast<std::uint64_t>(::libbpf_num_possible_cpus());
  return std::bit_floor(std::clamp(max_samples / (100 * cpus), std::uint64_t{1}, kLargest));
}

class CpuTracer final : public core::Tracer {
 public:
  CpuTracer(const EbpfConfig& config, CpuPlan plan, TargetFilter filter)
      : config_(config),
        plan_(std::move(plan)),
        filter_(std::move(filter)),
        sampler_(plan_.hardware_cycles ? core::cycles_attr(config.sample_rate)
                                       : core::cpu_clock_attr(config.sample_rate),
                 plan_.hardware_cycles ? "perf_event:cycles" : "perf_event:cpu-clock"),
        stacks_(naming()) {}

  std::string_view name() const noexcept override { return "cpu"; }
  const std::vector<PlanEntry>& plan() const noexcept override { return plan_.entries; }

  Result<void> load() override;
  Result<void> attach() override;
  Result<void> maintain() override;
  void detach() noexcept override;

  volatile std::uint32_t& gate() noexcept override { return skeleton_->bss->sonde_gate; }
  const bpf_object* object() const noexcept override { return skeleton_->obj; }
  std::vector<core::EventSource*> sources() noexcept override { return stacks_.sources(); }

  Result<void> drain() noexcept override;
  Accounting accounting() const override;
  std::uint64_t ring_bytes() const noexcept override { return stacks_.ring_bytes(); }
  core::ThreadTime worker_time() const override { return stacks_.worker_time(); }
  std::optional<double> event_latency_us() const noexcept override {
    return stacks_.event_latency_us();
  }
  std::uint64_t trap_count() const noexcept override { return counters().seen; }
  std::optional<std::uint64_t> trap_cost_ns() noexcept override {
    return core::measure_tick_cost();
  }
  std::uint64_t program_runs() const noexcept override { return counters().seen; }
  bool measures_program_time() const noexcept override { return plan_.program_time; }
  core::StatsWindows stats_windows() const noexcept override {
    return {1'000'000'000, 500'000'000, 4'000'000'000};
  }
  bool limit_reached() const noexcept override { return skeleton_->bss->cpu_limit_time_ns != 0; }

  void take() override;
  std::vector<EbpfEvent> take_events(std::size_t limit) override;
  Result<std::vector<Section>> sections() override;
  std::vector<std::string> notices() const override;

 private:
  symbolize::SymbolizerOptions naming();
  void configure();
  const bpf_program* sampling_program() const noexcept {
    return plan_.cfi ? skeleton_->progs.cpu_sample_cfi : skeleton_->progs.cpu_sample;
  }
  sonde_cpu_counters counters() const noexcept;

  const EbpfConfig config_;
  const CpuPlan plan_;
  const TargetFilter filter_;

  core::UniqueSkeleton<cpu_bpf> skeleton_;
  CpuSampler sampler_;
  std::vector<core::UniqueLink> links_;

  std::uint64_t attached_ns_ = 0;
  bool detached_ = false;

  std::unique_ptr<StackEvents> samples_;  // null without live events
  std::uint64_t unsent_ = 0;
  StackRecorder stacks_;
};

symbolize::SymbolizerOptions CpuTracer::naming() {
  symbolize::SymbolizerOptions options = symbolizer_options(config_);
  options.kernel_symbols = plan_.kernel_symbols;
  if (plan_.kernel_lookup) {
    options.kernel_names = [this](std::span<const std::uint64_t> addresses) {
      return core::look_up_kernel_names(::bpf_program__fd(skeleton_->progs.ksym_names),
                                        skeleton_->bss->ksym_exchange, addresses);
    };
  }
  return options;
}

void CpuTracer::configure() {
  configure_filter(*skeleton_->rodata, filter_, static_cast<std::uint32_t>(::getpid()),
                   core::own_pid_namespace());
  skeleton_->rodata->stack_kernel = config_.cpu.kernel_stacks;
  skeleton_->rodata->stack_user =
      config_.cpu.user_stacks && config_.unwind.method != UnwindMethod::none;
  skeleton_->rodata->max_samples = config_.max_samples;
  skeleton_->rodata->sample_batch = sample_batch(config_.max_samples);
  skeleton_->rodata->send_samples = events() != nullptr;
  ::bpf_map__set_max_entries(skeleton_->maps.counts_a, StackRecorder::kCountCapacity);
  ::bpf_map__set_max_entries(skeleton_->maps.counts_b, StackRecorder::kCountCapacity);
  ::bpf_map__set_max_entries(skeleton_->maps.stacks, StackRecorder::kRingBytes);
  if (filter_.tgids.empty()) ::bpf_map__set_max_entries(skeleton_->maps.filter_tgids, 1);
  ::bpf_program__set_autoload(skeleton_->progs.cpu_sample, !plan_.cfi);
  ::bpf_program__set_autoload(skeleton_->progs.cpu_sample_cfi, plan_.cfi);
  configure_unwinder(skeleton_->maps, plan_.cfi);
  ::bpf_program__set_autoload(skeleton_->progs.ksym_names, plan_.kernel_lookup);
  ::bpf_program__set_autoload(skeleton_->progs.filter_follow_fork, filter_.follow_children);
  ::bpf_program__set_autoload(skeleton_->progs.filter_begin_at_exec, filter_.from_exec);
  ::bpf_program__set_autoload(skeleton_->progs.filter_forget_exit, !filter_.tgids.empty());
}

Result<void> CpuTracer::load() {
  const core::LibbpfLog log;
  skeleton_.reset(cpu_bpf::open());
  if (skeleton_ == nullptr) return tl::unexpected(core::load_error("cpu", errno, log.text()));
  configure();
  if (const int error = cpu_bpf::load(skeleton_.get()); error != 0) {
    return tl::unexpected(core::load_error("cpu", -error, log.text()));
  }
  if (auto filled = fill_tgids(::bpf_map__fd(skeleton_->maps.filter_tgids), filter_); !filled)
    return filled;

  if (events() != nullptr) {
    samples_ = std::make_unique<StackEvents>(*events());
    stacks_.send_events_to(*samples_, decode_sample);
  }
  auto opened =
      stacks_.open({::bpf_map__fd(skeleton_->maps.counts), ::bpf_map__fd(skeleton_->maps.counts_a),
                    ::bpf_map__fd(skeleton_->maps.counts_b), ::bpf_map__fd(skeleton_->maps.stacks)},
                   plan_.sideband, plan_.batches);
  if (!opened || !plan_.cfi) return opened;
  return stacks_.open_unwinder(unwind_maps(*skeleton_), config_.unwind.table_bytes, filter_.tgids,
                               plan_.by_process);
}

Result<void> CpuTracer::attach() {
  const auto& programs = skeleton_->progs;
  if (auto attached = core::attach_loaded(
          {programs.filter_follow_fork, programs.filter_begin_at_exec, programs.filter_forget_exit},
          links_);
      !attached) {
    return attached;
  }
  attached_ns_ = core::monotonic_ns();
  return sampler_.attach(sampling_program());
}

Result<void> CpuTracer::maintain() {
  if (auto maintained = stacks_.maintain(); !maintained) return maintained;
  return sampler_.attach(sampling_program());
}

void CpuTracer::detach() noexcept {
  sampler_.detach();
  links_.clear();
  detached_ = true;
}

Result<void> CpuTracer::drain() noexcept {
  if (samples_ != nullptr) {
    const std::uint64_t unsent = counters().unsent;
    events()->count_lost(unsent - std::exchange(unsent_, unsent));
  }
  return stacks_.drain();
}

void CpuTracer::take() {
  stacks_.take(detached_);
  if (samples_ != nullptr && detached_) samples_->finish();
}

std::vector<EbpfEvent> CpuTracer::take_events(std::size_t limit) {
  if (samples_ == nullptr) return {};
  return samples_->take(limit, [this](const auto& stacks) { return stacks_.name(stacks); });
}

sonde_cpu_counters CpuTracer::counters() const noexcept {
  return core::sum_counters<sonde_cpu_counters>(::bpf_map__fd(skeleton_->maps.counters));
}

Accounting CpuTracer::accounting() const {
  const sonde_cpu_counters c = counters();
  const aggregate::StackCounts& counts = stacks_.counts();
  Accounting books;
  books.tracer = "cpu";
  books.seen = c.seen;
  books.filtered = c.filtered_target + c.filtered_self + c.filtered_paused + c.filtered_limit;
  books.lost["count_map_full"] = c.lost_map_full;
  books.lost["stack_ring_full"] = counts.nameless();
  books.reported = counts.counted() - counts.nameless();
  books.in_flight = c.recorded - counts.counted();
  stacks_.count_truncated(books.truncated);
  return books;
}

Result<std::vector<Section>> CpuTracer::sections() {
  const std::uint64_t period_ns = 1'000'000'000 / config_.sample_rate;
  StackProfile profile = stacks_.profile();
  profile.title = "CPU samples";
  profile.period_ns = period_ns;
  profile.sample_types = {{"samples", "count"}, {"cpu", "nanoseconds"}};
  for (Stack& stack : profile.stacks)
    stack.values.push_back(stack.values.front() * period_ns);
  std::vector<Section> sections;
  sections.emplace_back(std::move(profile));
  return sections;
}

std::vector<std::string> CpuTracer::notices() const {
  std::vector<std::string> notices = stacks_.notices();
  if (const std::uint64_t when = skeleton_->bss->cpu_limit_time_ns; when != 0) {
    notices.push_back(
        fmt::format("recording stopped after {:.1f} s: {} samples reached (--max-samples)",
                    static_cast<double>(when - attached_ns_) / 1e9, config_.max_samples));
  }
  if (const std::uint64_t missed = skeleton_->bss->filter_children_missed; missed != 0) {
    notices.push_back(fmt::format("{} child processes were not traced: too many at once", missed));
  }
  return notices;
}

}  // namespace

Result<std::unique_ptr<core::Tracer>> make_cpu_tracer(const EbpfConfig& config,
                                                      const core::FeatureSet& features,
                                                      const TargetFilter& filter) {
  auto plan = plan_cpu(config, features);
  if (!plan) return tl::unexpected(plan.error());
  return std::make_unique<CpuTracer>(config, std::move(*plan), filter);
}

}  // namespace sonde::tracers
