#include "tracers/syscall/object.hpp"

#include <bpf/bpf.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <optional>

#include "core/kernel_error.hpp"
#include "core/libbpf_log.hpp"
#include "core/machine.hpp"
#include "syscalls/call_readers.hpp"
#include "tracers/stacks/kernel_tables.hpp"
#include "tracers/stacks/stack_recorder.hpp"
#include "util/fail.hpp"

namespace sonde::tracers {
namespace {

std::uint32_t wire_weight(StackWeight weight) {
  switch (weight) {
    case StackWeight::count:
      return SONDE_WEIGHT_COUNT;
    case StackWeight::time:
      return SONDE_WEIGHT_TIME;
    case StackWeight::errors:
      return SONDE_WEIGHT_ERRORS;
  }
  return SONDE_WEIGHT_COUNT;
}

}  // namespace

// The io_uring tracepoints by age; the newest that loads is used.
enum class SyscallObject::UringHooks {
  with_cqe,     // 6.14: the completion is a pointer
  with_values,  // 6.3: submit_req
  submit_sqe,   // 6.0
  none,
};

void SyscallObject::set_constants() {
  auto& rodata = *skeleton_->rodata;
  configure_filter(rodata, request_.filter, static_cast<std::uint32_t>(::getpid()),
                   core::own_pid_namespace());
  rodata.call_select_all = request_.selection.everything;
  rodata.call_select_others = request_.selection.others;
  for (std::size_t abi = 0; abi < SONDE_ABI_COUNT; ++abi)
    std::copy(request_.selection.numbers[abi].begin(), request_.selection.numbers[abi].end(),
              rodata.call_selected[abi]);
  rodata.call_failed_only = request_.options.failed_only;
  rodata.call_by_error = !request_.errors.empty();
  for (const int error : request_.errors) {
    const auto bit = static_cast<std::size_t>(error);
    if (bit / 64 < std::size(rodata.call_errors))
      rodata.call_errors[bit / 64] |= std::uint64_t{1} << bit % 64;
  }
  rodata.call_min_latency_ns = static_cast<std::uint64_t>(request_.options.min_latency.count());
  rodata.call_timed = plan_.timed;
  rodata.call_trace = request_.options.trace;
  rodata.call_stacks = request_.options.stacks;
  rodata.call_stack_weight = wire_weight(request_.options.stack_weight);
  // The kernel part of a stack at the end of a call is the same for every call.
  rodata.stack_kernel = false;
  rodata.call_rows_by_thread = rows_by_thread();
  rodata.call_rows_by_cgroup = request_.grouping.cgroup;
}

void SyscallObject::size_maps() {
  auto& rodata = *skeleton_->rodata;
  if (request_.filter.tgids.empty()) ::bpf_map__set_max_entries(skeleton_->maps.filter_tgids, 1);
  for (bpf_map* map : {skeleton_->maps.rows_a, skeleton_->maps.rows_b}) {
    ::bpf_map__set_max_entries(map, kRowCapacity);
    ::bpf_map__set_value_size(map, static_cast<std::uint32_t>(row_bytes()));
    ::bpf_map__set_type(map, row_map_type());
  }
  const auto cpus = static_cast<std::uint32_t>(::libbpf_num_possible_cpus());
  const auto ring = static_cast<std::uint32_t>(std::bit_ceil(request_.options.ring_bytes));
  if (request_.options.trace) {
    ::bpf_map__set_max_entries(skeleton_->maps.batches, cpus);
    ::bpf_map__set_max_entries(skeleton_->maps.calls, ring);
    // A batch must fit into a small ring.
    rodata.batch_limit = std::min<std::uint32_t>(rodata.batch_limit, ring / 4);
    rodata.batch_wakeup_bytes = ring / 8;
  } else {
    ::bpf_map__set_max_entries(skeleton_->maps.calls, 4096);
    ::bpf_map__set_max_entries(skeleton_->maps.readers, 1);
    ::bpf_map__set_max_entries(skeleton_->maps.files_told, 1);
  }
  const std::uint32_t stacks = request_.options.stacks ? StackRecorder::kCountCapacity : 1;
  ::bpf_map__set_max_entries(skeleton_->maps.counts_a, stacks);
  ::bpf_map__set_max_entries(skeleton_->maps.counts_b, stacks);
  ::bpf_map__set_max_entries(skeleton_->maps.stacks,
                             request_.options.stacks ? StackRecorder::kRingBytes : 4096);
  if (!quick_counts()) ::bpf_map__set_max_entries(skeleton_->maps.quick_counts, 1);
  if (!plan_.timed) ::bpf_map__set_autocreate(skeleton_->maps.open_calls, false);
  configure_unwinder(skeleton_->maps, plan_.cfi);
}

// What the slot of `rows` takes must be like its maps, and libbpf cannot change the template that
// it made from the declaration.
Result<UniqueFd> SyscallObject::make_row_template() const {
  bpf_map_create_opts options{};
  options.sz = sizeof(options);
  options.map_flags = BPF_F_NO_PREALLOC;
  UniqueFd map(::bpf_map_create(row_map_type(), "row_template", sizeof(sonde_call_key),
                                static_cast<std::uint32_t>(row_bytes()), kRowCapacity, &options));
  if (!map) return tl::unexpected(core::load_error("syscall", errno, {}));
  ::bpf_map__set_inner_map_fd(skeleton_->maps.rows, map.get());
  return map;
}

void SyscallObject::choose_programs(UringHooks hooks) {
  auto& programs = skeleton_->progs;
  ::bpf_program__set_autoload(programs.syscall_enter, plan_.timed);
  const bool counts_exits = !plan_.timed && plan_.counts_exits;
  ::bpf_program__set_autoload(programs.syscall_exit, plan_.timed && !plan_.cfi);
  ::bpf_program__set_autoload(programs.syscall_exit_cfi, plan_.timed && plan_.cfi);
  ::bpf_program__set_autoload(programs.syscall_thread_exit, plan_.timed && !plan_.cfi);
  ::bpf_program__set_autoload(programs.syscall_thread_exit_cfi, plan_.timed && plan_.cfi);
  ::bpf_program__set_autoload(programs.syscall_count, !plan_.timed && !plan_.cfi);
  ::bpf_program__set_autoload(programs.syscall_count_cfi, !plan_.timed && plan_.cfi);
  ::bpf_program__set_autoload(programs.syscall_count_thread_exit, counts_exits && !plan_.cfi);
  ::bpf_program__set_autoload(programs.syscall_count_thread_exit_cfi, counts_exits && plan_.cfi);
  ::bpf_program__set_autoload(programs.batch_flush, request_.options.trace);
  ::bpf_program__set_autoload(programs.syscall_seed, plan_.seeds);
  ::bpf_program__set_autoload(programs.syscall_in_flight, plan_.in_flight);
  ::bpf_program__set_autoload(programs.uring_submit,
                              hooks == UringHooks::with_cqe || hooks == UringHooks::with_values);
  ::bpf_program__set_autoload(programs.uring_submit_sqe,
                              plan_.timed && hooks == UringHooks::submit_sqe);
  ::bpf_program__set_autoload(programs.uring_complete, hooks == UringHooks::with_cqe);
  ::bpf_program__set_autoload(programs.uring_complete_values,
                              hooks == UringHooks::with_values || hooks == UringHooks::submit_sqe);
  ::bpf_program__set_autoload(programs.filter_follow_fork, request_.filter.follow_children);
  ::bpf_program__set_autoload(programs.filter_begin_at_exec, request_.filter.from_exec);
  ::bpf_program__set_autoload(programs.filter_forget_exit, !request_.filter.tgids.empty());
}

Result<void> SyscallObject::load_with(UringHooks hooks) {
  const core::LibbpfLog log;
  skeleton_.reset(syscall_bpf::open());
  if (skeleton_ == nullptr) return tl::unexpected(core::load_error("syscall", errno, log.text()));
  set_constants();
  size_maps();
  choose_programs(hooks);
  const auto row_template = make_row_template();
  if (!row_template) return tl::unexpected(row_template.error());
  if (const int error = syscall_bpf::load(skeleton_.get()); error != 0)
    return tl::unexpected(core::load_error("syscall", -error, log.text()));
  return {};
}

Result<void> SyscallObject::load() {
  std::optional<Error> first_error;
  for (const UringHooks hooks :
       {UringHooks::with_cqe, UringHooks::with_values, UringHooks::submit_sqe, UringHooks::none}) {
    if (hooks != UringHooks::none && !plan_.io_uring) continue;
    auto loaded = load_with(hooks);
    if (loaded) {
      if (hooks == UringHooks::none && plan_.io_uring) without_io_uring(plan_);
      first_error.reset();
      break;
    }
    if (!first_error) first_error = loaded.error();
    if (first_error->code == ErrorCode::InsufficientPermissions) break;
  }
  if (first_error) return tl::unexpected(*first_error);
  if (auto filled = fill_readers(); !filled) return filled;
  return fill_tgids(::bpf_map__fd(skeleton_->maps.filter_tgids), request_.filter);
}

Result<void> SyscallObject::fill_readers() {
  if (!request_.options.trace) return {};
  const int fd = ::bpf_map__fd(skeleton_->maps.readers);
  for (const auto abi : {std::uint8_t{SONDE_ABI_NATIVE}, std::uint8_t{SONDE_ABI_COMPAT}}) {
    const auto readers = syscalls::call_readers(abi, request_.options.string_bytes);
    for (std::uint32_t number = 0; number < readers.size(); ++number) {
      const std::uint32_t index = abi * std::uint32_t{SONDE_CALL_NUMBERS} + number;
      const sonde_call_readers& call = readers[number];
      if ((call.begin | call.end | call.files[0] | call.made) == 0) continue;
      if (::bpf_map_update_elem(fd, &index, &call, BPF_ANY) != 0)
        return fail_errno(ErrorCode::MapOperationFailed, "say how arguments are read");
    }
  }
  return {};
}

}  // namespace sonde::tracers
