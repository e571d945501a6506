#include "tracers/syscall/tracer.hpp"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "aggregate/call_rows.hpp"
#include "core/attach.hpp"
#include "core/bpf_iterator.hpp"
#include "core/clock.hpp"
#include "core/per_cpu.hpp"
#include "core/skeleton.hpp"
#include "ingest/call_stream.hpp"
#include "ingest/map_drain.hpp"
#include "process/cgroup_paths.hpp"
#include "shared/stack_event.h"
#include "shared/syscall_event.h"
#include "syscalls/call_names.hpp"
#include "syscalls/errno_names.hpp"
#include "syscalls/selection.hpp"
#include "tracers/stacks/stack_recorder.hpp"
#include "tracers/syscall/call_events.hpp"
#include "tracers/syscall/object.hpp"
#include "tracers/syscall/plan.hpp"
#include "tracers/syscall/tables.hpp"
#include "util/fail.hpp"

namespace sonde::tracers {
namespace {

Result<std::vector<int>> parse_errors(const std::vector<std::string>& names) {
  std::vector<int> errors;
  for (const std::string& name : names) {
    const auto number = syscalls::parse_errno(name);
    if (!number) return tl::unexpected(number.error());
    errors.push_back(*number);
  }
  return errors;
}

aggregate::CallGrouping grouping_of(const SyscallOptions& options) {
  aggregate::CallGrouping grouping;
  for (const SyscallGroup group : options.by) {
    grouping.process = grouping.process || group == SyscallGroup::process;
    grouping.thread = grouping.thread || group == SyscallGroup::thread;
    grouping.cgroup = grouping.cgroup || group == SyscallGroup::cgroup;
    grouping.error = grouping.error || group == SyscallGroup::error;
  }
  return grouping;
}

// The inverse of SONDE_STACK_CALL().
std::string stack_label(std::uint32_t label) {
  const auto abi = static_cast<std::uint8_t>(label >> 16 & 0x7f);
  return "syscall:" + syscalls::call_name({abi, label & 0xffff});
}

class Tracer final : public SyscallTracer {
 public:
  Tracer(const EbpfConfig& config, SyscallPlan plan, TargetFilter filter,
         const syscalls::Selection& selection, std::vector<int> errors)
      : options_(config.syscall),
        table_bytes_(config.unwind.table_bytes),
        grouping_(grouping_of(config.syscall)),
        plan_(std::move(plan)),
        object_({options_, grouping_, std::move(filter), selection, std::move(errors)}, plan_),
        rows_(grouping_),
        stacks_(symbolizer_options(config), stack_label) {}

  std::string_view name() const noexcept override { return "syscall"; }
  const std::vector<PlanEntry>& plan() const noexcept override { return plan_.entries; }

  Result<void> load() override;
  Result<void> attach() override;
  Result<void> opened() override;
  Result<void> maintain() override { return options_.stacks ? stacks_.maintain() : Result<void>(); }
  void detach() noexcept override {
    links_.clear();
    detached_ = true;
  }

  volatile std::uint32_t& gate() noexcept override { return skeleton()->bss->sonde_gate; }
  const bpf_object* object() const noexcept override { return skeleton()->obj; }
  std::vector<core::EventSource*> sources() noexcept override {
    if (stream_ != nullptr) return {stream_.get()};
    return options_.stacks ? stacks_.sources() : std::vector<core::EventSource*>();
  }

  Result<void> drain() noexcept override;
  Accounting accounting() const override;
  std::uint64_t ring_bytes() const noexcept override { return stacks_.ring_bytes(); }
  core::ThreadTime worker_time() const override { return stacks_.worker_time(); }
  std::optional<double> event_latency_us() const noexcept override { return {}; }
  std::uint64_t program_runs() const noexcept override {
    return counters().seen * (plan_.timed ? 2 : 1);
  }
  bool measures_program_time() const noexcept override { return plan_.program_time; }
  core::StatsWindows stats_windows() const noexcept override { return {10'000'000, 10'000'000}; }
  bool limit_reached() const noexcept override { return false; }

  void take() override;
  Result<std::vector<Section>> sections() override;
  std::vector<std::string> notices() const override;

  std::uint64_t unique_calls() const noexcept override {
    return unique_rows_.load(std::memory_order_relaxed) +
           unique_events_.load(std::memory_order_relaxed);
  }
  std::uint64_t failed_calls() const noexcept override { return counters().errors; }
  std::vector<EbpfEvent> take_events(std::size_t limit) override;

 private:
  bool has_rows() const noexcept { return !options_.trace; }
  syscall_bpf* skeleton() const noexcept { return object_.skeleton(); }
  Result<void> open_stream();
  StackProfile stack_profile();
  Result<void> drain_rows();
  void read_quick_counts();
  sonde_call_counters counters() const noexcept;

  const SyscallOptions options_;
  const std::uint64_t table_bytes_;
  const aggregate::CallGrouping grouping_;
  SyscallPlan plan_;
  SyscallObject object_;
  std::vector<core::UniqueLink> links_;
  std::optional<ingest::MapDrain> row_drain_;
  std::unique_ptr<ingest::CallStream> stream_;
  CallEvents events_;
  bool detached_ = false;
  std::array<std::uint64_t, std::size_t{SONDE_ABI_URING} * SONDE_CALL_NUMBERS> quick_seen_{};
  std::uint64_t opened_ns_ = 0;
  std::optional<Error> iterator_error_;

  aggregate::CallRows rows_;
  std::set<std::pair<std::uint8_t, std::uint32_t>> unique_;
  std::set<std::string, std::less<>> unique_names_;
  // Their sizes, for any thread.
  std::atomic<std::uint64_t> unique_rows_ = 0;
  std::atomic<std::uint64_t> unique_events_ = 0;

  StackRecorder stacks_;

  CallRowMap taken_;
  std::vector<sonde_call_in_flight> in_flight_;
  std::vector<sonde_call_in_flight> in_flight_events_;
  std::uint64_t taken_ns_ = 0;
};

Result<void> Tracer::load() {
  if (auto loaded = object_.load(); !loaded) return loaded;
  const auto cpus = static_cast<std::size_t>(::libbpf_num_possible_cpus());
  row_drain_.emplace(
      ingest::MapDrain::Maps{
          ::bpf_map__fd(skeleton()->maps.rows), ::bpf_map__fd(skeleton()->maps.rows_a),
          ::bpf_map__fd(skeleton()->maps.rows_b), sizeof(sonde_call_key),
          object_.row_bytes() * (object_.per_cpu_rows() ? cpus : 1), SyscallObject::kRowCapacity},
      plan_.batches);
  if (options_.trace) {
    if (auto opened = open_stream(); !opened) return opened;
  }
  if (options_.stacks) {
    auto opened = stacks_.open(
        {::bpf_map__fd(skeleton()->maps.counts), ::bpf_map__fd(skeleton()->maps.counts_a),
         ::bpf_map__fd(skeleton()->maps.counts_b), ::bpf_map__fd(skeleton()->maps.stacks)},
        plan_.sideband, plan_.batches);
    if (!opened || !plan_.cfi) return opened;
    return stacks_.open_unwinder(unwind_maps(*skeleton()), table_bytes_, object_.filter().tgids,
                                 plan_.by_process);
  }
  return {};
}

Result<void> Tracer::open_stream() {
  auto stream = ingest::CallStream::open(
      {::bpf_map__fd(skeleton()->maps.calls), ::bpf_map__fd(skeleton()->maps.batches),
       ::bpf_program__fd(skeleton()->progs.batch_flush),
       static_cast<std::uint32_t>(::libbpf_num_possible_cpus())},
      [this] { events()->notify(); });
  if (!stream) return tl::unexpected(stream.error());
  stream_ = std::move(*stream);
  return {};
}

// Targets are followed before their calls are looked at, and forgotten after their last one.
Result<void> Tracer::attach() {
  const auto& programs = skeleton()->progs;
  return core::attach_loaded(
      {programs.filter_follow_fork, programs.filter_begin_at_exec, programs.syscall_enter,
       programs.syscall_exit, programs.syscall_exit_cfi, programs.syscall_count,
       programs.syscall_count_cfi, programs.syscall_thread_exit, programs.syscall_thread_exit_cfi,
       programs.syscall_count_thread_exit, programs.syscall_count_thread_exit_cfi,
       programs.uring_submit, programs.uring_submit_sqe, programs.uring_complete,
       programs.uring_complete_values, programs.filter_forget_exit},
      links_);
}

Result<void> Tracer::opened() {
  opened_ns_ = core::monotonic_ns();
  if (!plan_.seeds) return {};
  if (auto seeded = core::run_task_iterator(skeleton()->progs.syscall_seed); !seeded)
    return tl::unexpected(seeded.error());
  return {};
}

Result<void> Tracer::drain() noexcept {
  if (object_.quick_counts()) read_quick_counts();
  auto drained = drain_rows();
  unique_rows_.store(unique_.size(), std::memory_order_relaxed);
  if (drained && options_.stacks) drained = stacks_.drain();
  if (drained && detached_ && stream_ != nullptr) drained = stream_->finish();
  return drained;
}

// Also in a live trace, which has no rows: the swap waits until no program is left running.
Result<void> Tracer::drain_rows() {
  return row_drain_->drain(
      [this](std::span<const std::byte> key, std::span<const std::byte> value) {
        sonde_call_key row{};
        std::memcpy(&row, key.data(), sizeof(row));
        rows_.add(row, value, object_.row_bytes());
        unique_.emplace(row.abi, row.number);
      });
}

void Tracer::read_quick_counts() {
  const int fd = ::bpf_map__fd(skeleton()->maps.quick_counts);
  std::vector<std::uint64_t> per_cpu(static_cast<std::size_t>(::libbpf_num_possible_cpus()));
  for (std::uint32_t i = 0; i < quick_seen_.size(); ++i) {
    if (::bpf_map_lookup_elem(fd, &i, per_cpu.data()) != 0) continue;
    std::uint64_t total = 0;
    for (const std::uint64_t count : per_cpu)
      total += count;
    const auto abi = static_cast<std::uint8_t>(i / SONDE_CALL_NUMBERS);
    rows_.add_calls(abi, i % SONDE_CALL_NUMBERS, total - quick_seen_[i]);
    if (total != 0) unique_.emplace(abi, i % SONDE_CALL_NUMBERS);
    quick_seen_[i] = total;
  }
}

sonde_call_counters Tracer::counters() const noexcept {
  return core::sum_counters<sonde_call_counters>(::bpf_map__fd(skeleton()->maps.counters));
}

Accounting Tracer::accounting() const {
  const sonde_call_counters c = counters();
  Accounting books;
  books.tracer = "syscall";
  books.seen = c.seen + in_flight_.size();
  books.filtered =
      c.filtered_self + c.filtered_target + c.filtered_call + c.filtered_result + c.filtered_paused;
  if (stream_ == nullptr) {
    books.lost["rows_full"] = c.lost_rows_full;
    if (options_.stacks) {
      stacks_.count_truncated(books.truncated);
      books.truncated["stack_map_full"] = c.stacks_lost;
      books.truncated["stack_ring_full"] = stacks_.counts().nameless();
    }
    books.reported = rows_.counted();
    books.in_flight = in_flight_.size() + (c.recorded - books.reported);
    return books;
  }
  books.lost["ring_full"] = c.lost_ring_full;
  // Ends of io_uring operations that interrupted a record being written.
  books.lost["batch_busy"] = c.lost_rows_full;
  books.reported = stream_->calls();
  books.in_flight = in_flight_.size() + (c.recorded - books.reported - c.lost_ring_full);
  return books;
}

// Calls stay in the stream until they are taken, and are decoded by who takes them.
std::vector<EbpfEvent> Tracer::take_events(std::size_t limit) {
  std::vector<EbpfEvent> taken;
  if (stream_ == nullptr) return taken;
  events()->acknowledge();
  while (taken.empty()) {
    const std::vector<ingest::CallBytes> records = stream_->take(limit);
    if (records.empty()) break;
    events_.add(records, taken);
    if (records.size() == limit) events()->notify();
  }
  for (const EbpfEvent& event : taken)
    unique_names_.insert(event.get_if<Syscall>()->name);
  unique_events_.store(unique_names_.size(), std::memory_order_relaxed);
  if (detached_ && taken.empty()) {
    for (const sonde_call_in_flight& call : std::exchange(in_flight_events_, {}))
      events_.add_in_flight(call, taken);
  }
  return taken;
}

void Tracer::take() {
  taken_ = rows_.take();
  if (options_.stacks) stacks_.take(detached_);
  if (!plan_.in_flight) return;
  taken_ns_ = core::monotonic_ns();
  in_flight_.clear();
  auto bytes = core::run_task_iterator(skeleton()->progs.syscall_in_flight);
  if (!bytes) {
    iterator_error_ = bytes.error();
    return;
  }
  in_flight_.resize(bytes->size() / sizeof(sonde_call_in_flight));
  std::memcpy(in_flight_.data(), bytes->data(), in_flight_.size() * sizeof(sonde_call_in_flight));
  if (!detached_) return;
  in_flight_events_ = in_flight_;
  if (stream_ != nullptr) events()->notify();
}

Result<std::vector<Section>> Tracer::sections() {
  if (iterator_error_) return tl::unexpected(*iterator_error_);
  const auto paths =
      grouping_.cgroup ? process::cgroup_paths() : decltype(process::cgroup_paths()){};
  const CgroupName cgroup_name = [&](std::uint64_t id) {
    const auto found = paths.find(id);
    return found == paths.end() ? fmt::format("[gone: id {}]", id) : found->second;
  };
  std::vector<Section> sections;
  if (!has_rows()) return sections;
  sections.emplace_back(syscall_table(taken_, grouping_, plan_.timed, cgroup_name));
  if (options_.error_table) sections.emplace_back(error_table(taken_, grouping_, cgroup_name));
  if (plan_.in_flight) sections.emplace_back(in_flight_table(in_flight_, taken_ns_, opened_ns_));
  if (options_.stacks) sections.emplace_back(stack_profile());
  if (options_.histograms) {
    for (Histogram& histogram : latency_histograms(taken_, grouping_, cgroup_name))
      sections.emplace_back(std::move(histogram));
  }
  return sections;
}

StackProfile Tracer::stack_profile() {
  StackProfile profile = stacks_.profile();
  switch (options_.stack_weight) {
    case StackWeight::count:
      profile.title = "Stacks of system calls";
      profile.sample_types = {{"calls", "count"}};
      break;
    case StackWeight::time:
      profile.title = "Time in system calls";
      profile.sample_types = {{"time", "nanoseconds"}};
      break;
    case StackWeight::errors:
      profile.title = "Stacks of failed system calls";
      profile.sample_types = {{"errors", "count"}};
      break;
  }
  return profile;
}

std::vector<std::string> Tracer::notices() const {
  std::vector<std::string> notices;
  if (options_.stacks) notices = stacks_.notices();
  if (const std::uint64_t missed = skeleton()->bss->filter_children_missed; missed != 0) {
    notices.push_back(fmt::format("{} child processes were not traced: too many at once", missed));
  }
  if (events_.without_memory() != 0) {
    notices.push_back(
        fmt::format("{} calls are shown without what their arguments point to: the ring was full",
                    events_.without_memory()));
  }
  if (const std::uint64_t unnamed = events_.unnamed_files(); unnamed != 0) {
    notices.push_back(fmt::format(
        "{} descriptors are shown without the name of their file: the ring was full", unnamed));
  }
  if (const std::uint64_t omitted = counters().pieces_no_room; omitted != 0) {
    notices.push_back(fmt::format(
        "{} arguments or parts of them are shown as addresses: their call's record was full",
        omitted));
  }
  if (stream_ != nullptr && stream_->malformed() + events_.malformed() != 0) {
    notices.push_back(fmt::format("{} malformed records were ignored",
                                  stream_->malformed() + events_.malformed()));
  }
  return notices;
}

}  // namespace

Result<void> check_syscall_options(const SyscallOptions& options) {
  if (auto selection = syscalls::parse_selection(options.calls); !selection)
    return tl::unexpected(selection.error());
  if (auto errors = parse_errors(options.errors); !errors) return tl::unexpected(errors.error());
  return {};
}

Result<std::unique_ptr<SyscallTracer>> make_syscall_tracer(const EbpfConfig& config,
                                                           const core::FeatureSet& features,
                                                           const TargetFilter& filter) {
  auto plan = plan_syscall(config, features);
  if (!plan) return tl::unexpected(plan.error());
  auto selection = syscalls::parse_selection(config.syscall.calls);
  if (!selection) return tl::unexpected(selection.error());
  auto errors = parse_errors(config.syscall.errors);
  if (!errors) return tl::unexpected(errors.error());
  return std::make_unique<Tracer>(config, std::move(*plan), filter, *selection, std::move(*errors));
}

}  // namespace sonde::tracers
