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
  using core::Feature;
  switch (feature) {
    case Feature::cap_bpf:
    case Feature::cap_perfmon:
    case Feature::cap_sys_ptrace:
    case Feature::cap_checkpoint_restore:
    case Feature::sideband:
      return "run with sudo, or: " + core::setcap_command();
    case Feature::kallsyms:
      return "run with sudo, or grant CAP_SYSLOG and set kernel.kptr_restrict=0";
    case Feature::bpf_stats:
      return "run with sudo (CAP_SYS_ADMIN)";
    case Feature::btf:
      return "boot a kernel built with CONFIG_DEBUG_INFO_BTF=y";
    case Feature::ring_buffer:
      return "boot Linux 5.8 or later";
    case Feature::kernel_lookup:
      return "boot Linux 5.13 or later";
    case Feature::batch_lookup:
      return "boot Linux 5.6 or later";
    case Feature::task_storage:
      return "boot Linux 5.11 or later";
    case Feature::bpf_loop:
      return "boot Linux 5.17 or later";
    case Feature::maple_tree:
      return "boot Linux 6.1 or later";
    case Feature::uprobe_multi:
      return "boot Linux 6.6 or later";
    case Feature::uprobe_events:
      return "boot Linux 5.15 or later";
    case Feature::uprobe_session:
      return "boot Linux 6.13 or later";
    case Feature::task_registers:
      return "boot Linux 5.15 or later";
    case Feature::rss_stat:
      return "boot Linux 5.8 or later";
    case Feature::exact_rss:
      return "boot Linux 6.2 or later";
    case Feature::exit_mmap:
      return "boot Linux 6.1 or later";
    case Feature::mmap_lock:
      return "boot Linux 5.11 or later";
    case Feature::page_fault:
      return "use an x86 machine";
    case Feature::oom_victim:
      return "boot Linux 6.8 or later";
    case Feature::hardware_cycles:
      return "use a machine, or a virtual machine, with a PMU";
    case Feature::socket_storage:
      return "boot Linux 5.11 or later";
    case Feature::socket_lengths:
      return "boot Linux 6.3 or later";
    case Feature::route_lookups:
      return "boot a kernel with CONFIG_IPV6=y";
    case Feature::packet_pages:
      return "boot Linux 6.11 or later";
    case Feature::drop_reasons:
      return "boot Linux 5.17 or later";
  }
  return {};
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
