#include "tracers/cpu/plan.hpp"

#include "tracers/plan_entries.hpp"
#include "util/fail.hpp"

namespace sonde::tracers {
namespace {

using core::Feature;
const PlanEntries kEntries("cpu");

PlanEntry sampling_entry(bool hardware, bool chosen) {
  if (hardware) return kEntries.primary("sampling", "perf_event:cycles");
  if (chosen) return kEntries.primary("sampling", "perf_event:cpu-clock");
  return kEntries.fallback(
      "sampling", "perf_event:cpu-clock",
      "code that runs with interrupts off is charged to where they are turned on again",
      "use a machine, or a virtual machine, with a PMU");
}

PlanEntry kernel_symbols_entry(bool lookup, bool kallsyms) {
  if (lookup) return kEntries.primary("kernel symbols", "bpf_snprintf");
  if (kallsyms) {
    return kEntries.fallback("kernel symbols", "/proc/kallsyms",
                             "the end of a run costs some 30 ms more", "boot Linux 5.13 or later");
  }
  return kEntries.missing("kernel symbols", "kernel frames are shown as addresses",
                          "grant CAP_SYSLOG, or set kernel.kptr_restrict=0");
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

  const UnwindMethod method = config.cpu.user_stacks ? config.unwind.method : UnwindMethod::none;
  const auto cfi = uses_cfi(method, features);
  if (!cfi) return tl::unexpected(cfi.error());
  plan.cfi = *cfi;
  plan.by_process = plan.cfi && finds_by_process(features);
  plan.entries.push_back(kEntries.user_stacks(plan.cfi, method, plan.by_process));

  plan.sideband = features.has(Feature::sideband);
  plan.entries.push_back(
      plan.sideband ? kEntries.primary("new mappings", "perf_event:mmap2")
                    : kEntries.fallback("new mappings", "/proc/PID/maps",
                                        "libraries loaded, and processes started and gone, "
                                        "between two samples have no names",
                                        "grant CAP_PERFMON"));

  const bool kallsyms = features.has(Feature::kallsyms);
  plan.kernel_lookup = features.has(Feature::kernel_lookup);
  plan.kernel_symbols = plan.kernel_lookup || kallsyms;
  plan.entries.push_back(kernel_symbols_entry(plan.kernel_lookup, kallsyms));

  plan.entries.push_back(features.has(Feature::cap_sys_ptrace)
                             ? kEntries.primary("user symbols", "/proc/PID/maps")
                             : kEntries.fallback("user symbols", "/proc/PID/maps",
                                                 "only your own processes have names",
                                                 "grant CAP_SYS_PTRACE"));
  plan.entries.push_back(features.has(Feature::cap_checkpoint_restore)
                             ? kEntries.primary("deleted binaries", "/proc/PID/map_files")
                             : kEntries.fallback("deleted binaries", "/proc/PID/root",
                                                 "code of deleted files has no names",
                                                 "grant CAP_CHECKPOINT_RESTORE"));

  plan.program_time = features.has(Feature::bpf_stats);
  plan.entries.push_back(kEntries.own_cost(plan.program_time));
  plan.batches = features.has(Feature::batch_lookup);
  if (!plan.batches) plan.entries.push_back(kEntries.map_reads_one_by_one());
  return plan;
}

}  // namespace sonde::tracers
