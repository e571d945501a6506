#include "tracers/cpu_plan.hpp"

#include "util/fail.hpp"

namespace sonde::tracers {
namespace {

using core::Feature;
using State = PlanEntry::State;

PlanEntry entry(std::string feature, std::string hook, State state = State::primary,
                std::string consequence = {}, std::string fix = {}) {
  return {"cpu", std::move(feature),     std::move(hook),
          state, std::move(consequence), std::move(fix)};
}

PlanEntry sampling_entry(bool hardware, bool chosen) {
  if (hardware) return entry("sampling", "perf_event:cycles");
  if (chosen) return entry("sampling", "perf_event:cpu-clock");
  return entry("sampling", "perf_event:cpu-clock", State::fallback,
               "code that runs with interrupts off is charged to where they are turned on again",
               "use a machine, or a virtual machine, with a PMU");
}

}  // namespace

Result<CpuPlan> plan_cpu(const EbpfConfig& config, const core::FeatureSet& features) {
  CpuPlan plan;
  const bool has_cycles =
      config.cpu.event != CpuEvent::cpu_clock && features.has(Feature::hardware_cycles);
  if (config.cpu.event == CpuEvent::cycles && !has_cycles) {
    return fail(ErrorCode::IncompatibleKernel, "this machine has no hardware cycle counter",
                "Use the software clock: --event cpu-clock");
  }
  plan.hardware_cycles = has_cycles;
  plan.entries.push_back(sampling_entry(has_cycles, config.cpu.event == CpuEvent::cpu_clock));

  plan.entries.push_back(entry("stacks", "frame pointers"));

  plan.sideband = features.has(Feature::sideband);
  plan.entries.push_back(plan.sideband ? entry("new mappings", "perf_event:mmap2")
                                       : entry("new mappings", "/proc/PID/maps", State::fallback,
                                               "libraries loaded, and processes started and gone, "
                                               "between two samples have no names",
                                               "grant CAP_PERFMON"));

  plan.kernel_lookup = features.has(Feature::kernel_lookup);
  plan.kernel_symbols = plan.kernel_lookup || features.has(Feature::kallsyms);
  if (plan.kernel_lookup) {
    plan.entries.push_back(entry("kernel symbols", "bpf_snprintf"));
  } else if (features.has(Feature::kallsyms)) {
    plan.entries.push_back(entry("kernel symbols", "/proc/kallsyms", State::fallback,
                                 "the end of a run costs some 30 ms more",
                                 "boot Linux 5.13 or later"));
  } else {
    plan.entries.push_back(entry("kernel symbols", "", State::missing,
                                 "kernel frames are shown as addresses",
                                 "grant CAP_SYSLOG, or set kernel.kptr_restrict=0"));
  }

  const bool reads_all = features.has(Feature::cap_sys_ptrace);
  plan.entries.push_back(reads_all
                             ? entry("user symbols", "/proc/PID/maps")
                             : entry("user symbols", "/proc/PID/maps", State::fallback,
                                     "only your own processes have names", "grant CAP_SYS_PTRACE"));
  const bool reads_deleted = features.has(Feature::cap_checkpoint_restore);
  plan.entries.push_back(
      reads_deleted ? entry("deleted binaries", "/proc/PID/map_files")
                    : entry("deleted binaries", "/proc/PID/root", State::fallback,
                            "code of deleted files has no names", "grant CAP_CHECKPOINT_RESTORE"));
  plan.program_time = features.has(Feature::bpf_stats);

  plan.entries.push_back(plan.program_time ? entry("own cost", "BPF_ENABLE_STATS")
                                           : entry("own cost", "", State::missing,
                                                   "time in BPF programs is not measured",
                                                   "run with sudo (CAP_SYS_ADMIN)"));

  plan.batches = features.has(Feature::batch_lookup);
  if (!plan.batches) {
    plan.entries.push_back(
        entry("map reads", "one by one", State::fallback, "draining costs more", ""));
  }
  return plan;
}

}  // namespace sonde::tracers
