#include "tracers/mem/faults.hpp"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <utility>

#include "core/attach.hpp"
#include "core/bpf_iterator.hpp"
#include "core/per_cpu.hpp"
#include "core/perf_event.hpp"
#include "syscalls/names.hpp"
#include "tracers/cpu_sampler.hpp"
#include "tracers/mem/fault_stacks.hpp"
#include "tracers/mem/object.hpp"
#include "tracers/mem/processes.hpp"
#include "tracers/stacks/stack_recorder.hpp"

namespace sonde::tracers {
namespace {

class FaultLane final : public MemLane {
 public:
  FaultLane(std::uint64_t distance, const MemPlan& plan, bool whole_system, StackRecorder& stacks)
      : distance_(distance),
        plan_(plan),
        whole_system_(whole_system),
        stacks_(stacks),
        processes_(!whole_system) {}

  void configure(mem_bpf& object) override;
  Result<void> loaded(mem_bpf& object) override {
    object_ = &object;
    return {};
  }
  Result<void> attach(std::vector<core::UniqueLink>& links) override;

  Result<void> maintain() override {
    return plan_.page_faults ? major_faults_.attach(major_program()) : Result<void>();
  }
  void detach() noexcept override { major_faults_.detach(); }

  void add_books(Accounting& books) const override;
  std::uint64_t recorded() const noexcept override { return counters().recorded; }
  std::uint64_t program_runs() const noexcept override { return counters().runs; }

  void take() override;
  Result<void> add_sections(std::vector<symbolize::RawStack>& counted,
                            std::vector<Section>& sections) override;
  void add_statistics(MemoryStatistics& statistics) const override;
  void add_notices(std::vector<std::string>& notices) const override;

 private:
  const bpf_program* major_program() const noexcept {
    return plan_.cfi ? object_->progs.mem_major_cfi : object_->progs.mem_major;
  }
  sonde_mem_counters counters() const noexcept {
    return core::sum_counters<sonde_mem_counters>(::bpf_map__fd(object_->maps.mem_per_cpu),
                                                  ::bpf_map__value_size(object_->maps.mem_per_cpu));
  }

  const std::uint64_t distance_;  // mean bytes between two samples; 1: every change
  const MemPlan& plan_;
  const bool whole_system_;
  StackRecorder& stacks_;
  mem_bpf* object_ = nullptr;
  CpuSampler major_faults_{core::major_faults_attr(), "perf_event:major-faults"};
  MemProcesses processes_;
  std::optional<Error> iterator_error_;
};

void FaultLane::configure(mem_bpf& object) {
  object.rodata->mem_cpus = static_cast<std::uint32_t>(::libbpf_num_possible_cpus());
  object.rodata->mem_rss_exact = plan_.exact;
  object.rodata->mem_sees_ends = plan_.space_ends;
  object.rodata->mem_distance = distance_;
  object.rodata->mem_every_process = whole_system_;
  object.rodata->mem_page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const auto load = [](bpf_program* program, bool wanted) {
    ::bpf_program__set_autoload(program, wanted);
  };
  const auto& programs = object.progs;
  load(programs.mem_rss_stat, !plan_.cfi);
  load(programs.mem_rss_stat_cfi, plan_.cfi);
  load(programs.mem_fork, !plan_.cfi);
  load(programs.mem_fork_cfi, plan_.cfi);
  load(programs.mem_exec, true);
  load(programs.mem_exit_mmap, plan_.space_ends);
  load(programs.mem_unlock, plan_.address_space && !plan_.cfi);
  load(programs.mem_unlock_cfi, plan_.address_space && plan_.cfi);
  load(programs.mem_fault_user, plan_.page_faults && !plan_.cfi);
  load(programs.mem_fault_user_cfi, plan_.page_faults && plan_.cfi);
  load(programs.mem_fault_kernel, plan_.page_faults && !plan_.cfi);
  load(programs.mem_fault_kernel_cfi, plan_.page_faults && plan_.cfi);
  load(programs.mem_major, plan_.page_faults && !plan_.cfi);
  load(programs.mem_major_cfi, plan_.page_faults && plan_.cfi);
  ::bpf_map__set_max_entries(object.maps.mem_fault_begins, object.rodata->mem_cpus);
  if (!plan_.page_faults) ::bpf_map__set_max_entries(object.maps.mem_fault_tasks, 1);
  load(programs.mem_seed, true);
  load(programs.mem_list, true);
  if (!plan_.space_ends) {
    // Address spaces that are gone must make room.
    ::bpf_map__set_type(object.maps.mem_spaces, BPF_MAP_TYPE_LRU_HASH);
    ::bpf_map__set_map_flags(object.maps.mem_spaces, 0);
    ::bpf_map__set_type(object.maps.mem_cpu_parts, BPF_MAP_TYPE_LRU_PERCPU_HASH);
    ::bpf_map__set_map_flags(object.maps.mem_cpu_parts, 0);
  }
}

// First what makes and ends address spaces, so that those of the seed are complete.
Result<void> FaultLane::attach(std::vector<core::UniqueLink>& links) {
  const auto& programs = object_->progs;
  auto attached = core::attach_loaded(
      {programs.mem_exit_mmap, programs.mem_fork, programs.mem_fork_cfi, programs.mem_exec,
       programs.mem_rss_stat, programs.mem_rss_stat_cfi, programs.mem_unlock,
       programs.mem_unlock_cfi, programs.mem_fault_user, programs.mem_fault_user_cfi,
       programs.mem_fault_kernel, programs.mem_fault_kernel_cfi},
      links);
  if (!attached) return attached;
  if (auto counted = maintain(); !counted) return counted;
  const auto seeded = core::run_task_iterator(programs.mem_seed);
  if (!seeded) return tl::unexpected(seeded.error());
  processes_.begin(*seeded);
  if (!whole_system_) stacks_.expect_processes(processes_.pids());
  return {};
}

void FaultLane::add_books(Accounting& books) const {
  const sonde_mem_counters c = counters();
  books.seen += c.seen;
  books.filtered += c.filtered_target + c.filtered_self + c.filtered_paused + c.filtered_unsampled;
  books.lost["count_map_full"] += c.lost_map_full;
  books.lost["spaces_full"] += c.lost_spaces_full;
}

void FaultLane::take() {
  const auto listed = core::run_task_iterator(object_->progs.mem_list);
  if (!listed)
    iterator_error_ = listed.error();
  else
    processes_.now(*listed);
}

Result<void> FaultLane::add_sections(std::vector<symbolize::RawStack>& counted,
                                     std::vector<Section>& sections) {
  if (iterator_error_) return tl::unexpected(*iterator_error_);
  FaultStacks faults(counted);
  for (const FaultMeasure& measure : kFaultMeasures) {
    std::vector<symbolize::RawStack> stacks = faults.take(measure);
    for (const symbolize::RawStack& stack : stacks)
      processes_.add(measure.what, stack);
    if (stacks.empty() && measure.secondary) continue;
    StackProfile profile = stacks_.profile_of(std::move(stacks));
    describe(measure, profile);
    if (distance_ > 1 && measure.what != SONDE_MEM_MAJOR) profile.period_bytes = distance_;
    sections.emplace_back(std::move(profile));
  }
  for (Table& table : processes_.tables())
    sections.emplace_back(std::move(table));
  return {};
}

void FaultLane::add_statistics(MemoryStatistics& statistics) const {
  statistics.growth_bytes = processes_.growth_bytes();
  statistics.released_bytes = processes_.released_bytes();
}

void FaultLane::add_notices(std::vector<std::string>& notices) const {
  if (distance_ <= 1) return;
  constexpr double kNinetyFive = 1.96;
  constexpr double kVarianceUnit = 256;
  constexpr double kMebibyte = 1 << 20;
  const auto bytes = static_cast<double>(processes_.growth_bytes());
  const double error = std::sqrt(kVarianceUnit * static_cast<double>(counters().growth_variance));
  notices.push_back(fmt::format(
      "sampled once in {} bytes on average, and counts are of samples: the {:.1f} MiB of growth "
      "are within ±{:.1f} % (95 %); --sample-bytes 1 records every change",
      distance_, bytes / kMebibyte, bytes > 0 ? 100 * kNinetyFive * error / bytes : 0));
}

}  // namespace

std::unique_ptr<MemLane> make_fault_lane(const MemoryOptions& options, const MemPlan& plan,
                                         const TargetFilter& filter, StackRecorder& stacks) {
  const bool whole_system = filter.whole_system();
  return std::make_unique<FaultLane>(options.fault_distance_bytes(whole_system), plan, whole_system,
                                     stacks);
}

}  // namespace sonde::tracers
