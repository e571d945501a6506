#include "tracers/syscall_plan.hpp"

#include "util/fail.hpp"

namespace sonde::tracers {
namespace {

using core::Feature;
using State = PlanEntry::State;

PlanEntry entry(std::string feature, std::string hook, State state = State::primary,
                std::string consequence = {}, std::string fix = {}) {
  return {"syscall", std::move(feature),     std::move(hook),
          state,     std::move(consequence), std::move(fix)};
}

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
    plan.entries.push_back(entry("calls", "tp_btf:sys_enter, tp_btf:sys_exit"));
    plan.seeds = registers;
    plan.entries.push_back(registers
                               ? entry("calls in flight", "iter:task")
                               : entry("calls in flight", "iter:task", State::fallback,
                                       "calls that began before sonde are not shown until they end",
                                       kNewerKernel));
  } else {
    plan.in_flight = false;
    plan.seeds = false;
    plan.counts_exits = registers;
    plan.entries.push_back(registers ? entry("calls", "tp_btf:sys_exit")
                                     : entry("calls", "tp_btf:sys_exit", State::fallback,
                                             "exit and exit_group are not counted", kNewerKernel));
  }
  plan.entries.push_back(
      entry(kIoUring, plan.timed ? "tp_btf:io_uring_submit_req, tp_btf:io_uring_complete"
                                 : "tp_btf:io_uring_complete"));
  if (config.syscall.stacks) {
    plan.sideband = features.has(Feature::sideband);
    plan.entries.push_back(entry("stacks", "frame pointers"));
  }
  plan.entries.push_back(plan.program_time ? entry("own cost", "BPF_ENABLE_STATS")
                                           : entry("own cost", "", State::missing,
                                                   "time in BPF programs is not measured",
                                                   "run with sudo (CAP_SYS_ADMIN)"));
  if (!plan.batches) {
    plan.entries.push_back(entry("map reads", "one by one", State::fallback, "draining costs more",
                                 "boot Linux 5.6 or later"));
  }
  return plan;
}

void without_io_uring(SyscallPlan& plan) {
  plan.io_uring = false;
  for (PlanEntry& e : plan.entries) {
    if (e.feature == kIoUring) {
      e = entry(kIoUring, "", State::missing, "operations are not counted",
                "boot Linux 6.0 or later with CONFIG_IO_URING=y");
    }
  }
}

}  // namespace sonde::tracers
