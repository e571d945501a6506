// What the plans of all tracers say in the same words.
#pragma once

#include <string>

#include <sonde/config.hpp>
#include <sonde/report.hpp>
#include "core/features.hpp"
#include "util/fail.hpp"

namespace sonde::tracers {

/// Whether stacks are unwound by call frame information. IncompatibleKernel if the configuration
/// insists on what the kernel cannot do.
inline Result<bool> uses_cfi(UnwindMethod method, const core::FeatureSet& features) {
  using core::Feature;
  if (method == UnwindMethod::frame_pointers || method == UnwindMethod::none) return false;
  const bool finds_mappings = features.has(Feature::maple_tree) || features.has(Feature::sideband);
  const bool can =
      features.has(Feature::task_registers) && features.has(Feature::bpf_loop) && finds_mappings;
  if (method == UnwindMethod::cfi && !can) {
    return fail(ErrorCode::IncompatibleKernel,
                "this kernel cannot unwind stacks by call frame information",
                "Boot Linux 5.17 or later, or follow frame pointers: --stacks fp");
  }
  return can;
}

/// With uses_cfi(): what processes map is known from the kernel's records of it only.
inline bool finds_by_process(const core::FeatureSet& features) {
  return !features.has(core::Feature::maple_tree);
}

/// Makes the entries of one tracer's plan.
class PlanEntries {
 public:
  explicit PlanEntries(std::string tracer) : tracer_(std::move(tracer)) {}

  PlanEntry primary(std::string feature, std::string hook) const {
    return {tracer_, std::move(feature), std::move(hook), PlanEntry::State::primary, {}, {}};
  }
  PlanEntry fallback(std::string feature, std::string hook, std::string consequence,
                     std::string fix) const {
    return {tracer_,
            std::move(feature),
            std::move(hook),
            PlanEntry::State::fallback,
            std::move(consequence),
            std::move(fix)};
  }
  PlanEntry missing(std::string feature, std::string consequence, std::string fix) const {
    return {
        tracer_,       std::move(feature), {}, PlanEntry::State::missing, std::move(consequence),
        std::move(fix)};
  }

  PlanEntry user_stacks(bool cfi, UnwindMethod method, bool by_process = false) const {
    if (method == UnwindMethod::none) return primary("stacks", "kernel part only");
    if (cfi && by_process) {
      return fallback("stacks", "call frame information, mappings by perf_event:mmap2",
                      "code that was just mapped is met late: such stacks are copied, or end early",
                      "boot Linux 6.1 or later");
    }
    if (cfi) return primary("stacks", "call frame information");
    if (method == UnwindMethod::frame_pointers) return primary("stacks", "frame pointers");
    return fallback("stacks", "frame pointers",
                    "code built without frame pointers shows one or two frames",
                    "boot Linux 5.17 or later");
  }

  PlanEntry own_cost(bool measured) const {
    if (measured) return primary("own cost", "BPF_ENABLE_STATS");
    return missing("own cost", "time in BPF programs is not measured",
                   "run with sudo (CAP_SYS_ADMIN)");
  }
  PlanEntry map_reads_one_by_one() const {
    return fallback("map reads", "one by one", "draining costs more", "boot Linux 5.6 or later");
  }

 private:
  std::string tracer_;
};

}  // namespace sonde::tracers
