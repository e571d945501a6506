#include "tracers/syscall/plan.hpp"

#include "tracers/plan_entries.hpp"
#include "util/fail.hpp"

namespace sonde::tracers {
namespace {

using core::Feature;
const PlanEntries kEntries("syscall");

constexpr const char* kIoUring = "io_uring operations";
constexpr const char* kNewerKernel = "boot Linux 5.15 or later";

}  // namespace

Result<SyscallPlan> plan_syscall(const EbpfConfig& config, const core::FeatureSet& features) {
  SyscallPlan plan;
  const bool storage = features.has(Feature::task_storage);
  const bool registers = features.has(Feature::task_registers);
  plan.timed = config.syscall.latency || config.syscall.trace;
  if (plan.timed && !storage) {
    return fail(ErrorCode::IncompatibleKernel,
                "this kernel has no BPF memory of each thread: calls cannot be timed or shown",
                "Boot Linux 5.11 or later, or count only: --count");
  }
  plan.batches = features.has(Feature::batch_lookup);
  plan.program_time = features.has(Feature::bpf_stats);

  if (plan.timed) {
    plan.entries.push_back(kEntries.primary("calls", "tp_btf:sys_enter, tp_btf:sys_exit"));
    plan.seeds = registers;
    plan.entries.push_back(
        registers ? kEntries.primary("calls in flight", "iter:task")
                  : kEntries.fallback("calls in flight", "iter:task",
                                      "calls that began before sonde are not shown until they end",
                                      kNewerKernel));
  } else {
    plan.in_flight = false;
    plan.seeds = false;
    plan.counts_exits = registers;
    plan.entries.push_back(registers ? kEntries.primary("calls", "tp_btf:sys_exit")
                                     : kEntries.fallback("calls", "tp_btf:sys_exit",
                                                         "exit and exit_group are not counted",
                                                         kNewerKernel));
  }
  plan.entries.push_back(
      kEntries.primary(kIoUring, plan.timed ? "tp_btf:io_uring_submit_req, tp_btf:io_uring_complete"
                                            : "tp_btf:io_uring_complete"));
  if (config.syscall.stacks) {
    plan.sideband = features.has(Feature::sideband);
    const auto cfi = uses_cfi(config.unwind.method, features);
    if (!cfi) return tl::unexpected(cfi.error());
    plan.cfi = *cfi;
    plan.by_process = plan.cfi && finds_by_process(features);
    plan.entries.push_back(kEntries.user_stacks(plan.cfi, config.unwind.method, plan.by_process));
  }
  plan.entries.push_back(kEntries.own_cost(plan.program_time));
  if (!plan.batches) plan.entries.push_back(kEntries.map_reads_one_by_one());
  return plan;
}

void without_io_uring(SyscallPlan& plan) {
  plan.io_uring = false;
  for (PlanEntry& e : plan.entries) {
    if (e.feature == kIoUring) {
      e = kEntries.missing(kIoUring, "operations are not counted",
                           "boot Linux 6.0 or later with CONFIG_IO_URING=y");
    }
  }
}

}  // namespace sonde::tracers
