#include "tracers/cpu_tracer.hpp"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstring>

#include "aggregate/stack_counts.hpp"
#include "core/attach.hpp"
#include "core/clock.hpp"
#include "core/kernel_error.hpp"
#include "core/kernel_lookup.hpp"
#include "core/libbpf_log.hpp"
#include "core/machine.hpp"
#include "core/object_usage.hpp"
#include "core/skeleton.hpp"
#include "core/tick_cost.hpp"

#include "ingest/count_drain.hpp"
#include "ingest/ring_source.hpp"
#include "ingest/sideband.hpp"
#include "shared/cpu_event.h"
#include "shared/ksym.h"
// The skeleton uses the types of the shared headers.
#include "cpu.skel.h"
#include "symbolize/symbolizer.hpp"
#include "tracers/cpu_plan.hpp"
#include "tracers/cpu_sampler.hpp"
#include "util/duration.hpp"
#include "util/fail.hpp"

namespace sonde::tracers {
namespace {

// Distinct stacks between two drains, and the ring that carries each of them once.
constexpr std::uint32_t kCountCapacity = 16384;
constexpr std::uint32_t kRingBytes = 1 << 20;

class CpuTracer final : public core::Tracer {
 public:
  CpuTracer(const EbpfConfig& config, CpuPlan plan, TargetFilter filter)
      : config_(config),
        plan_(std::move(plan)),
        filter_(std::move(filter)),
        sampler_(plan_.hardware_cycles, config.sample_rate),
        symbolizer_(symbolizer_options()) {}

  std::string_view name() const noexcept override { return "cpu"; }
  const std::vector<PlanEntry>& plan() const noexcept override { return plan_.entries; }

  Result<void> load() override;
  Result<void> attach() override;
  Result<void> maintain() override;
  void detach() noexcept override;

  volatile std::uint32_t& gate() noexcept override { return skeleton_->bss->sonde_gate; }
  const bpf_object* object() const noexcept override { return skeleton_->obj; }
  std::vector<core::EventSource*> sources() noexcept override;

  Result<void> drain() noexcept override;
  Accounting accounting() const override;
  std::uint64_t ring_bytes() const noexcept override {
    return sideband_ == nullptr ? 0 : sideband_->ring_bytes();
  }
  std::optional<double> event_latency_us() const noexcept override;
  std::uint64_t trap_count() const noexcept override { return counters().seen; }
  std::optional<std::uint64_t> trap_cost_ns() noexcept override {
    return core::measure_tick_cost();
  }
  std::uint64_t program_runs() const noexcept override { return counters().seen; }
  bool measures_program_time() const noexcept override { return plan_.program_time; }
  bool limit_reached() const noexcept override { return skeleton_->bss->cpu_limit_time_ns != 0; }

  void take() override { taken_ = counts_.take(); }
  Result<std::vector<Section>> sections() override;
  std::vector<std::string> notices() const override;

 private:
  symbolize::SymbolizerOptions symbolizer_options();
  void configure();
  void on_record(std::span<const std::byte> record) noexcept;
  sonde_cpu_counters counters() const noexcept;

  const EbpfConfig config_;
  const CpuPlan plan_;
  const TargetFilter filter_;

  core::UniqueSkeleton<cpu_bpf> skeleton_;
  process::AddressSpaces spaces_;
  std::unique_ptr<ingest::RingSource> ring_;
  std::unique_ptr<ingest::Sideband> sideband_;
  std::optional<ingest::CountDrain> count_drain_;
  CpuSampler sampler_;
  std::vector<core::UniqueLink> links_;

  aggregate::StackCounts counts_;
  std::uint64_t malformed_ = 0;
  std::uint64_t latency_total_ns_ = 0;
  std::uint64_t latency_records_ = 0;
  std::uint64_t attached_ns_ = 0;

  std::vector<symbolize::RawStack> taken_;
  symbolize::Symbolizer symbolizer_;
};

symbolize::SymbolizerOptions CpuTracer::symbolizer_options() {
  symbolize::SymbolizerOptions options;
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
  skeleton_->rodata->stack_user = config_.cpu.user_stacks;
  skeleton_->rodata->max_samples = config_.max_samples;
  ::bpf_map__set_max_entries(skeleton_->maps.counts_a, kCountCapacity);
  ::bpf_map__set_max_entries(skeleton_->maps.counts_b, kCountCapacity);
  ::bpf_map__set_max_entries(skeleton_->maps.stacks, kRingBytes);
  if (filter_.tgids.empty()) ::bpf_map__set_max_entries(skeleton_->maps.filter_tgids, 1);
  ::bpf_program__set_autoload(skeleton_->progs.cpu_sample, true);
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

  auto ring =
      ingest::RingSource::open(::bpf_map__fd(skeleton_->maps.stacks),
                               [this](std::span<const std::byte> record) { on_record(record); });
  if (!ring) return tl::unexpected(ring.error());
  ring_ = std::move(*ring);
  count_drain_.emplace(::bpf_map__fd(skeleton_->maps.counts),
                       ::bpf_map__fd(skeleton_->maps.counts_a),
                       ::bpf_map__fd(skeleton_->maps.counts_b), kCountCapacity, plan_.batches);
  if (!plan_.sideband) return {};
  auto sideband = ingest::Sideband::open(spaces_);
  if (!sideband) return tl::unexpected(sideband.error());
  sideband_ = std::move(*sideband);
  return {};
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
  return sampler_.attach(skeleton_->progs.cpu_sample);
}

Result<void> CpuTracer::maintain() {
  // A stack arrives well within this time after its sample.
  constexpr std::uint64_t kLongestDelayNs = 5'000'000'000;
  spaces_.forget_unobserved(core::monotonic_ns() - kLongestDelayNs);
  if (sideband_ != nullptr) {
    if (auto followed = sideband_->follow_cpus(); !followed) return followed;
  }
  return sampler_.attach(skeleton_->progs.cpu_sample);
}

void CpuTracer::detach() noexcept {
  sampler_.detach();
  links_.clear();
}

// Mappings before stacks: the first stack of a process asks for what it maps.
std::vector<core::EventSource*> CpuTracer::sources() noexcept {
  std::vector<core::EventSource*> all;
  if (sideband_ != nullptr) all.push_back(sideband_.get());
  all.push_back(ring_.get());
  return all;
}

void CpuTracer::on_record(std::span<const std::byte> record) noexcept {
  if (!counts_.consume(record)) {
    ++malformed_;
    return;
  }
  sonde_stack_record stack{};
  std::memcpy(&stack, record.data(), std::min(sizeof(stack), record.size()));
  latency_total_ns_ += core::monotonic_ns() - stack.header.time_ns;
  ++latency_records_;
  if (stack.user_frames != 0) {
    spaces_.observe(static_cast<std::int32_t>(stack.tgid), stack.header.time_ns);
  }
}

Result<void> CpuTracer::drain() noexcept {
  return count_drain_->drain(
      [this](std::uint64_t key, std::uint64_t count) { counts_.add_count(key, count); });
}

sonde_cpu_counters CpuTracer::counters() const noexcept {
  std::vector<sonde_cpu_counters> per_cpu(static_cast<std::size_t>(::libbpf_num_possible_cpus()));
  const std::uint32_t zero = 0;
  sonde_cpu_counters sum{};
  if (::bpf_map_lookup_elem(::bpf_map__fd(skeleton_->maps.counters), &zero, per_cpu.data()) != 0)
    return sum;
  for (const sonde_cpu_counters& c : per_cpu) {
    sum.seen += c.seen;
    sum.filtered_target += c.filtered_target;
    sum.filtered_self += c.filtered_self;
    sum.filtered_paused += c.filtered_paused;
    sum.filtered_limit += c.filtered_limit;
    sum.recorded += c.recorded;
    sum.lost_map_full += c.lost_map_full;
    sum.ring_full += c.ring_full;
  }
  return sum;
}

Accounting CpuTracer::accounting() const {
  const sonde_cpu_counters c = counters();
  Accounting books;
  books.tracer = "cpu";
  books.seen = c.seen;
  books.filtered = c.filtered_target + c.filtered_self + c.filtered_paused + c.filtered_limit;
  books.lost["count_map_full"] = c.lost_map_full;
  books.lost["stack_ring_full"] = counts_.nameless();
  books.reported = counts_.counted() - counts_.nameless();
  books.in_flight = c.recorded - counts_.counted();
  const aggregate::TruncatedCounts truncated = counts_.truncated();
  books.truncated["kernel_depth"] = truncated.kernel_depth;
  books.truncated["user_depth"] = truncated.user_depth;
  books.truncated["user_unreadable"] = truncated.user_failed;
  return books;
}

std::optional<double> CpuTracer::event_latency_us() const noexcept {
  if (latency_records_ == 0) return {};
  return static_cast<double>(latency_total_ns_) / static_cast<double>(latency_records_) / 1000.0;
}

Result<std::vector<Section>> CpuTracer::sections() {
  const std::uint64_t period_ns = 1'000'000'000 / config_.sample_rate;
  StackProfile profile = symbolizer_.symbolize(taken_, spaces_);
  taken_.clear();
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
  std::vector<std::string> notices = symbolizer_.notices();
  if (const std::uint64_t when = skeleton_->bss->cpu_limit_time_ns; when != 0) {
    notices.push_back(
        fmt::format("recording stopped after {:.1f} s: {} samples reached (--max-samples)",
                    static_cast<double>(when - attached_ns_) / 1e9, config_.max_samples));
  }
  if (const std::uint64_t missed = skeleton_->bss->filter_children_missed; missed != 0) {
    notices.push_back(fmt::format("{} child processes were not traced: too many at once", missed));
  }
  if (sideband_ != nullptr && sideband_->lost() != 0) {
    notices.push_back(fmt::format(
        "{} records of new mappings were lost: some frames may have no names", sideband_->lost()));
  }
  if (spaces_.missed_processes() != 0) {
    notices.push_back(fmt::format(
        "{} processes ended before their mappings were read: their frames have no names",
        spaces_.missed_processes()));
  }
  if (spaces_.unreadable_processes() != 0) {
    notices.push_back(fmt::format(
        "the mappings of {} processes could not be read: their frames have no names (needs "
        "CAP_SYS_PTRACE)",
        spaces_.unreadable_processes()));
  }
  if (malformed_ != 0)
    notices.push_back(fmt::format("{} malformed records were ignored", malformed_));
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
