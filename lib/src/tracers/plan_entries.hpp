// What the plans of all tracers say in the same words.
#pragma once

#include <string>

#include <sonde/report.hpp>

namespace sonde::tracers {

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
