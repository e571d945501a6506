// The BPF object of the system call tracer: configured for what is wanted, loaded on what the
// kernel has.
#pragma once

#include <bpf/libbpf.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <sonde/config.hpp>
#include "aggregate/call_rows.hpp"
#include "core/skeleton.hpp"
#include "shared/ksym.h"
#include "shared/stack_event.h"
#include "shared/syscall_event.h"
// The skeleton uses the types of the shared headers.
#include "syscall.skel.h"
#include "syscalls/selection.hpp"
#include "tracers/syscall/plan.hpp"
#include "tracers/target_filter.hpp"
#include "util/unique_fd.hpp"

namespace sonde::tracers {

/// What the programs are configured by.
struct SyscallRequest {
  SyscallOptions options;
  aggregate::CallGrouping grouping;
  TargetFilter filter;
  syscalls::Selection selection;
  /// Only calls that failed with one of these; empty: any.
  std::vector<int> errors;
};

class SyscallObject {
 public:
  static constexpr std::uint32_t kRowCapacity = 65536;

  /// `plan` must outlive the object; load() notes there what the kernel turned out to lack.
  SyscallObject(SyscallRequest request, SyscallPlan& plan)
      : request_(std::move(request)), plan_(plan) {}

  /// Loads and fills the maps. Nothing is attached.
  Result<void> load();

  const TargetFilter& filter() const noexcept { return request_.filter; }
  /// nullptr before load().
  syscall_bpf* skeleton() const noexcept { return skeleton_.get(); }

  bool rows_by_thread() const noexcept {
    return request_.grouping.process || request_.grouping.thread;
  }
  bool per_cpu_rows() const noexcept { return !rows_by_thread(); }
  /// Successful calls are in the map quick_counts.
  bool quick_counts() const noexcept {
    return !plan_.timed && !rows_by_thread() && !request_.grouping.cgroup;
  }
  /// Of one row, of one CPU.
  std::size_t row_bytes() const noexcept {
    return plan_.timed ? sizeof(sonde_call_stats) : offsetof(sonde_call_stats, buckets);
  }

 private:
  enum class UringHooks;

  bpf_map_type row_map_type() const noexcept {
    return per_cpu_rows() ? BPF_MAP_TYPE_PERCPU_HASH : BPF_MAP_TYPE_HASH;
  }
  Result<void> load_with(UringHooks hooks);
  void set_constants();
  void size_maps();
  Result<UniqueFd> make_row_template() const;
  void choose_programs(UringHooks hooks);
  Result<void> fill_readers();

  const SyscallRequest request_;
  SyscallPlan& plan_;
  core::UniqueSkeleton<syscall_bpf> skeleton_;
};

}  // namespace sonde::tracers
