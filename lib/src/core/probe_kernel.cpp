// The probes behind FeatureSet. Each asks for the thing itself, never for a kernel version.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

#include "core/features.hpp"
#include "core/kernel_btf.hpp"
#include "core/libbpf_log.hpp"
#include "core/packet_pages.hpp"
#include "core/perf_event.hpp"
#include "core/uprobe_events.hpp"
#include "core/uprobe_links.hpp"
#include "util/unique_fd.hpp"

namespace sonde::core {
namespace {

// Numbers of linux/capability.h; the last three are newer than some distributions' headers.
constexpr unsigned kCapSysPtrace = 19;
constexpr unsigned kCapSysAdmin = 21;
constexpr unsigned kCapPerfmon = 38;
constexpr unsigned kCapBpf = 39;
constexpr unsigned kCapCheckpointRestore = 40;

bool has_capability(unsigned capability) noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) return false;
  return (data[capability / 32].effective >> (capability % 32) & 1u) != 0;
}

bool has_either(unsigned capability, unsigned wider) noexcept {
  return has_capability(capability) || has_capability(wider);
}

bool can_open(perf_event_attr attr) noexcept {
  // Any online CPU will do; CPU 0 may be offline.
  for (int cpu = 0; cpu < 2; ++cpu) {
    if (open_perf_event(attr, cpu)) return true;
  }
  return false;
}

bool kallsyms_has_addresses() noexcept {
  const UniqueFd file(::open("/proc/kallsyms", O_RDONLY | O_CLOEXEC));
  std::array<char, 16> head{};
  if (!file || ::read(file.get(), head.data(), head.size()) != static_cast<ssize_t>(head.size())) {
    return false;
  }
  for (const char c : head) {
    if (c != '0') return true;
  }
  return false;
}

bool batches_work() noexcept {
  const UniqueFd map(::bpf_map_create(BPF_MAP_TYPE_HASH, nullptr, 4, 4, 1, nullptr));
  if (!map) return false;
  std::uint32_t next = 0;
  std::uint32_t key = 0;
  std::uint32_t value = 0;
  std::uint32_t count = 1;
  // An empty map answers ENOENT where the command exists.
  const int error =
      ::bpf_map_lookup_batch(map.get(), nullptr, &next, &key, &value, &count, nullptr);
  return error == 0 || errno == ENOENT;
}

// libbpf cannot probe tp_btf programs; raw tracepoints have the same helpers
// (bpf_tracing_func_proto() in kernel/trace/bpf_trace.c).
bool has_tracing_helper(bpf_func_id helper) noexcept {
  return ::libbpf_probe_bpf_helper(BPF_PROG_TYPE_RAW_TRACEPOINT, helper, nullptr) == 1;
}

// Whether the kernel's type information has this name among its strings. Parsing all of it to ask
// for one member takes many times as long.
bool btf_names(std::string_view name) noexcept {
  const UniqueFd file(::open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC));
  btf_header header{};
  if (!file || ::pread(file.get(), &header, sizeof(header), 0) != sizeof(header) ||
      header.magic != BTF_MAGIC) {
    return false;
  }
  std::string strings(header.str_len, '\0');
  std::size_t length = 0;
  while (length < strings.size()) {
    const auto offset = static_cast<off_t>(header.hdr_len + header.str_off + length);
    const ssize_t got =
        ::pread(file.get(), strings.data() + length, strings.size() - length, offset);
    if (got <= 0) return false;
    length += static_cast<std::size_t>(got);
  }
  std::string entry(1, '\0');
  entry += name;
  entry += '\0';
  return strings.find(entry) != std::string::npos;
}

// 72ba14deb40a ("mm: update mark_victim tracepoints fields") in 6.8: the only argument was a number
// before.
bool oom_tells_the_task() noexcept {
  const UniqueBtf kernel = load_kernel_btf();
  return kernel != nullptr && tracepoint_arguments(kernel.get(), "mark_victim").value_or(0) > 1;
}

bool probe_quietly(Feature feature) noexcept {
  switch (feature) {
    case Feature::btf:
      return ::access("/sys/kernel/btf/vmlinux", R_OK) == 0;
    case Feature::cap_bpf:
      return has_either(kCapBpf, kCapSysAdmin);
    case Feature::cap_perfmon:
      return has_either(kCapPerfmon, kCapSysAdmin);
    case Feature::cap_sys_ptrace:
      return has_capability(kCapSysPtrace);
    case Feature::cap_checkpoint_restore:
      return has_either(kCapCheckpointRestore, kCapSysAdmin);
    case Feature::ring_buffer:
      return ::libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, nullptr) == 1;
    case Feature::hardware_cycles:
      return can_open(cycles_attr(99));
    case Feature::sideband:
      return can_open(sideband_attr());
    case Feature::kernel_lookup:
      return has_tracing_helper(BPF_FUNC_snprintf);
    case Feature::kallsyms:
      return kallsyms_has_addresses();
    case Feature::bpf_stats:
      return static_cast<bool>(UniqueFd(::bpf_enable_stats(BPF_STATS_RUN_TIME)));
    case Feature::batch_lookup:
      return batches_work();
    case Feature::task_storage:
      return has_tracing_helper(BPF_FUNC_task_storage_get);
    case Feature::task_registers:
      return has_tracing_helper(BPF_FUNC_task_pt_regs);
    case Feature::bpf_loop:
      return has_tracing_helper(BPF_FUNC_loop);
    case Feature::maple_tree: {
      static const bool known = btf_names("mm_mt");  // asked for twice, and megabytes to read
      return known;
    }
    case Feature::uprobe_multi:
      return has_uprobe_links(kUprobeMultiAttachType);
    case Feature::uprobe_events:
      return has_uprobe_events();
    case Feature::uprobe_session:
      return has_uprobe_links(kUprobeSessionAttachType);
    case Feature::socket_storage:
      return btf_names("bpf_sk_storage_get_tracing");
    case Feature::socket_lengths:
      return btf_names("btf_trace_sock_send_length");
    case Feature::route_lookups:
      return btf_names("btf_trace_fib_table_lookup") && btf_names("btf_trace_fib6_table_lookup");
    case Feature::packet_pages:
      return can_read_packet_pages();
    case Feature::drop_reasons:
      return btf_names("skb_drop_reason");
    case Feature::rss_stat:
      return btf_names("btf_trace_rss_stat");
    case Feature::exact_rss:
      return has_tracing_helper(BPF_FUNC_map_lookup_percpu_elem) && !btf_names("mm_rss_stat");
    case Feature::exit_mmap:
      return btf_names("btf_trace_exit_mmap");
    case Feature::mmap_lock:
      return btf_names("btf_trace_mmap_lock_released");
    case Feature::page_fault:
      return btf_names("btf_trace_page_fault_user");
    case Feature::oom_victim:
      return oom_tells_the_task();
  }
  return false;
}

}  // namespace

bool probe_kernel(Feature feature) noexcept {
  const LibbpfLog quiet;
  return probe_quietly(feature);
}

}  // namespace sonde::core
