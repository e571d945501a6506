#include <sonde/loader.hpp>

#include "core/features.hpp"
#include "core/kernel_error.hpp"
#include "core/machine.hpp"
#include "tracers/cpu/plan.hpp"
#include "tracers/mem/plan.hpp"
#include "tracers/net/plan.hpp"
#include "tracers/syscall/plan.hpp"

namespace sonde {
namespace {

// What a feature's absence means is told by the plan; a check only says how to have it.
std::string fix_for(core::Feature feature) {
  const std::string_view fix = core::fix_of(feature);
  return fix.empty() ? "run with sudo, or: " + core::setcap_command() : std::string(fix);
}

SystemCheck check(core::Feature feature, const core::FeatureSet& features) {
  SystemCheck result;
  result.name = core::name_of(feature);
  result.description = core::description_of(feature);
  result.ok = features.has(feature);
  if (!result.ok) result.fix = fix_for(feature);
  return result;
}

}  // namespace

Result<SystemSupport> EbpfLoader::check_system_support(const EbpfConfig& config) {
  core::FeatureSet features;
  if (auto disabled = features.disable(config.disabled_features); !disabled)
    return tl::unexpected(disabled.error());
  SystemSupport support;
  support.kernel = core::describe_machine().kernel;
  for (std::size_t i = 0; i < core::kFeatureCount; ++i) {
    support.checks.push_back(check(static_cast<core::Feature>(i), features));
  }
  const auto met = core::check_requirements(features);
  support.usable = met.has_value();
  if (!met) support.problem = met.error().message();
  const auto add = [&](const auto& plan) {
    if (plan) support.plan.insert(support.plan.end(), plan->entries.begin(), plan->entries.end());
  };
  add(tracers::plan_cpu(config, features));
  EbpfConfig all_lanes = config;
  all_lanes.network.http = true;
  add(tracers::plan_net(all_lanes, features));
  add(tracers::plan_syscall(config, features));
  add(tracers::plan_mem(config, features));
  support.plan.push_back(tracers::allocation_entry(features));
  return support;
}

}  // namespace sonde
