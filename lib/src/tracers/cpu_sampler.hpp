#pragma once

#include <bpf/libbpf.h>
#include <linux/perf_event.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include <sonde/error.hpp>
#include "core/skeleton.hpp"

namespace sonde::tracers {

/// One perf event a CPU, each running the sampling program. Follows CPUs that go offline and come
/// online.
class CpuSampler {
 public:
  /// `hook` names the event in messages.
  CpuSampler(const perf_event_attr& event, std::string hook)
      : event_(event), hook_(std::move(hook)) {}

  /// Attaches `program` to every online CPU that has no event yet, and drops the events of those
  /// that went offline. AttachFailed naming the CPU; one that went offline meanwhile is no error.
  Result<void> attach(const bpf_program* program);
  void detach() noexcept { links_.clear(); }

 private:
  perf_event_attr event_;
  std::string hook_;
  std::map<int, core::UniqueLink> links_;
};

}  // namespace sonde::tracers
