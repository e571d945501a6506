#include "tracers/mem/plan.hpp"

#include "tracers/plan_entries.hpp"
#include "util/fail.hpp"

namespace sonde::tracers {
namespace {

using core::Feature;
const PlanEntries kEntries("mem");

Result<void> plan_faults(const core::FeatureSet& features, MemPlan& plan) {
  if (!features.has(Feature::rss_stat)) {
    return fail(ErrorCode::IncompatibleKernel,
                "this kernel has no tracepoint of changes of resident memory",
                "Boot Linux 5.8 or later");
  }
  plan.faults = true;
  plan.exact = features.has(Feature::exact_rss);
  plan.entries.push_back(
      plan.exact ? kEntries.primary("resident memory", "tp_btf:rss_stat")
                 : kEntries.fallback("resident memory", "tp_btf:rss_stat",
                                     "the growth by up to 64 faults of a thread is charged to the "
                                     "last of them",
                                     "boot Linux 6.2 or later"));
  plan.space_ends = features.has(Feature::exit_mmap);
  plan.address_space = features.has(Feature::mmap_lock);
  plan.entries.push_back(
      plan.address_space ? kEntries.primary("address space", "tp_btf:mmap_lock_released")
                         : kEntries.missing("address space", "brk, mmap and munmap are not seen",
                                            "boot Linux 5.11 or later"));
  if (!plan.wants_page_faults) {
    plan.entries.push_back(kEntries.missing(
        "page faults", "memory.page_faults is off: major faults and copies on write are not shown",
        "turn it on, at a cost for each page fault"));
    return {};
  }
  plan.page_faults = features.has(Feature::page_fault) && features.has(Feature::task_storage);
  plan.entries.push_back(
      plan.page_faults
          ? kEntries.primary("page faults",
                             "tp_btf:page_fault_user, tp_btf:page_fault_kernel, "
                             "perf_event:major-faults")
          : kEntries.missing("page faults", "major faults and copies on write are not seen",
                             features.has(Feature::page_fault) ? "boot Linux 5.11 or later"
                                                               : "use an x86 machine"));
  return {};
}

void plan_kernel(const core::FeatureSet& features, MemPlan& plan) {
  plan.kernel = true;
  plan.entries.push_back(kEntries.primary(
      "kernel memory", "raw_tp:kmalloc, raw_tp:kmem_cache_alloc, raw_tp:mm_page_alloc"));
  plan.oom = features.has(Feature::oom_victim);
  plan.entries.push_back(plan.oom
                             ? kEntries.primary("kills for want of memory", "raw_tp:mark_victim")
                             : kEntries.missing("kills for want of memory", "they are not shown",
                                                "boot Linux 6.8 or later"));
}

bool can_trace_allocations(const core::FeatureSet& features) {
  return (features.has(Feature::uprobe_multi) || features.has(Feature::uprobe_events)) &&
         features.has(Feature::task_storage);
}

Result<void> plan_allocations(const EbpfConfig& config, const core::FeatureSet& features,
                              MemPlan& plan) {
  if (config.target.whole_system()) {
    return fail(ErrorCode::ConfigError, "allocations of the whole system cannot be traced",
                "Say whom to trace: -p, --comm, --cgroup, --container, or a COMMAND");
  }
  if (!can_trace_allocations(features)) {
    return fail(ErrorCode::IncompatibleKernel, "this kernel has no breakpoints for --alloc",
                "Boot Linux 5.15 or later, or leave out --alloc");
  }
  plan.alloc = true;
  plan.alloc_multi = features.has(Feature::uprobe_multi);
  plan.alloc_session = plan.alloc_multi && features.has(Feature::uprobe_session);
  plan.entries.push_back(allocation_entry(features));
  if (config.memory.live)
    plan.entries.push_back(kEntries.primary("frees", plan.alloc_multi ? "uprobe_multi" : "uprobe"));
  return {};
}

}  // namespace

PlanEntry allocation_entry(const core::FeatureSet& features) {
  if (!can_trace_allocations(features)) {
    return kEntries.missing("allocations", "--alloc and --live cannot be used",
                            "boot Linux 5.15 or later");
  }
  if (!features.has(Feature::uprobe_multi)) {
    return kEntries.fallback(
        "allocations", "uprobe",
        "breakpoints come and go one by one, and every call pays for a trap at "
        "its return, sampled or not",
        "boot Linux 6.13 or later");
  }
  if (features.has(Feature::uprobe_session))
    return kEntries.primary("allocations", "uprobe.session");
  return kEntries.fallback("allocations", "uprobe_multi",
                           "every call pays for a trap at its return, sampled or not",
                           "boot Linux 6.13 or later");
}

Result<void> plan_faults_instead(const core::FeatureSet& features, const std::string& why, bool all,
                                 MemPlan& plan) {
  if (all) {
    plan.alloc = false;
    std::erase_if(plan.entries, [](const PlanEntry& entry) {
      return entry.feature == "allocations" || entry.feature == "frees";
    });
  } else if (!plan.alloc_session) {
    // Both lanes use a CPU's buffer for stacks, which an allocation keeps to itself in a session
    // only.
    plan.entries.push_back(kEntries.missing("allocations of some targets", why,
                                            "trace those without --alloc, or boot Linux 6.13 or "
                                            "later to see what makes their memory grow"));
    return {};
  }
  plan.entries.push_back(kEntries.fallback(
      all ? "allocations" : "allocations of some targets", "tp_btf:rss_stat",
      why + "; what makes memory grow is shown instead",
      "for a Go program see its /debug/pprof/heap; keep the symbols of a static one"));
  return plan_faults(features, plan);
}

Result<MemPlan> plan_mem(const EbpfConfig& config, const core::FeatureSet& features) {
  MemPlan plan;
  plan.wants_page_faults = config.memory.page_faults;
  const bool alloc = config.memory.alloc || config.memory.live;
  const auto planned =
      alloc ? plan_allocations(config, features, plan) : plan_faults(features, plan);
  if (!planned) return tl::unexpected(planned.error());
  if (config.memory.kernel) plan_kernel(features, plan);
  const auto cfi = uses_cfi(config.unwind.method, features);
  if (!cfi) return tl::unexpected(cfi.error());
  plan.cfi = *cfi;
  plan.by_process = plan.cfi && finds_by_process(features);
  plan.entries.push_back(kEntries.user_stacks(plan.cfi, config.unwind.method, plan.by_process));
  plan.sideband = features.has(Feature::sideband);
  plan.kernel_lookup = features.has(Feature::kernel_lookup);
  plan.program_time = features.has(Feature::bpf_stats);
  plan.entries.push_back(kEntries.own_cost(plan.program_time));
  plan.batches = features.has(Feature::batch_lookup);
  if (!plan.batches) plan.entries.push_back(kEntries.map_reads_one_by_one());
  return plan;
}

}  // namespace sonde::tracers
