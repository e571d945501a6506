#include "cpu_options.hpp"

#include <CLI/CLI.hpp>

#include "arguments.hpp"
#include "config/cpu_event.hpp"

namespace sonde::cli {

void CpuFlags::add_to(CLI::App& app) {
  constexpr const char* kGroup = "What to record";
  app.add_option("--event", event, "Clock that drives sampling (default: auto)")
      ->type_name("auto|cpu-clock|cycles")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->group(kGroup);
  unwind.add_to(app, kGroup);
  app.add_flag("--user", user, "Only the user part of stacks")->group(kGroup);
  app.add_flag("--kernel", kernel, "Only the kernel part of stacks")->group(kGroup);
}

Result<void> CpuFlags::apply(EbpfConfig& config) const {
  if (!event.empty()) {
    const auto parsed = config::parse_cpu_event(event);
    if (!parsed) return for_flag("--event", parsed.error());
    config.cpu.event = *parsed;
  }
  if (user || kernel) {
    config.cpu.user_stacks = user;
    config.cpu.kernel_stacks = kernel;
  }
  return unwind.apply(config);
}

}  // namespace sonde::cli
