#include "tracers/cpu_sampler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "core/kernel_error.hpp"
#include "core/libbpf_log.hpp"
#include "core/machine.hpp"
#include "core/perf_event.hpp"
#include "util/fail.hpp"

namespace sonde::tracers {

Result<void> CpuSampler::attach(const bpf_program* program) {
  const std::vector<int> cpus = core::online_cpus();
  if (cpus.empty()) {
    return fail(ErrorCode::UnsupportedPlatform, "cannot read /sys/devices/system/cpu/online",
                "Mount sysfs on /sys");
  }
  // The kernel stops the event of a CPU that goes offline and does not start it again
  // (perf_event_exit_cpu_context() in kernel/events/core.c).
  std::erase_if(links_, [&](const auto& link) {
    return !std::binary_search(cpus.begin(), cpus.end(), link.first);
  });
  for (const int cpu : cpus) {
    if (links_.contains(cpu)) continue;
    const std::string hook = fmt::format("{} on CPU {}", hook_, cpu);
    UniqueFd event = core::open_perf_event(event_, cpu);
    if (!event) {
      if (errno == ENODEV) continue;  // went offline meanwhile
      return tl::unexpected(core::attach_error(hook, errno));
    }
    const core::LibbpfLog log;
    core::UniqueLink link(::bpf_program__attach_perf_event(program, event.get()));
    if (link == nullptr) return tl::unexpected(core::attach_error(hook, errno, log.text()));
    (void)event.release();  // the link closes it
    links_.emplace(cpu, std::move(link));
  }
  return {};
}

}  // namespace sonde::tracers
