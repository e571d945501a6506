#pragma once

#include <bpf/libbpf.h>

#include <cstdint>
#include <map>
#include <string>

#include <sonde/error.hpp>
#include "core/skeleton.hpp"

namespace sonde::tracers {

/// One perf event a CPU, each running the sampling program. Follows CPUs that go offline and come
/// online.
class CpuSampler {
 public:
  CpuSampler(bool hardware_cycles, std::uint32_t hertz) noexcept
      : hardware_cycles_(hardware_cycles), hertz_(hertz) {}

  /// Attaches `program` to every online CPU that has no event yet, and drops the events of those
  /// that went offline. AttachFailed naming the CPU; one that went offline meanwhile is no error.
  Result<void> attach(const bpf_program* program);
  void detach() noexcept { links_.clear(); }

  std::size_t cpu_count() const noexcept { return links_.size(); }

 private:
  bool hardware_cycles_;
  std::uint32_t hertz_;
  std::map<int, core::UniqueLink> links_;
};

}  // namespace sonde::tracers
