// Configuration shared by every tracer: the v0.1 EbpfConfig contract and the settings that joined
// it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sonde/error.hpp>
#include <sonde/event.hpp>

namespace [[gnu::visibility("default")]] sonde {

/// Whom to trace. Criteria are combined with "and"; none set means the whole system.
struct Target {
  /// Process ids (thread-group ids) in the caller's PID namespace; all their threads are traced.
  std::vector<int> pids;
  /// Thread or process name, compared after the kernel's truncation to 15 bytes.
  std::string comm;
  /// Path of a cgroup directory (v2, or a v1 controller's hierarchy); its descendants are included.
  std::string cgroup;
  /// Container id or an unambiguous prefix of one; resolved to its cgroup at start. Not together
  /// with cgroup.
  std::string container;
  /// Also trace every process that a target forks from now on.
  bool follow_children = false;
  /// The process is a launcher: what it does before its next execve() is not the target's.
  bool from_exec = false;
  /// The file that the launcher will run: what is in its libraries is found before it begins.
  /// Empty: not known.
  std::string program;

  bool whole_system() const noexcept {
    return pids.empty() && comm.empty() && cgroup.empty() && container.empty();
  }
};

/// Clock that drives CPU sampling. `automatic` takes hardware cycles where the machine counts them
/// and the software cpu-clock elsewhere.
enum class CpuEvent { automatic, cpu_clock, cycles };

/// How the user-space part of stacks is found. `automatic`: by call frame information (.eh_frame)
/// where the kernel can (5.17 and later), which needs no frame pointers, and by frame pointers
/// elsewhere. `none`: not at all.
enum class UnwindMethod { automatic, cfi, frame_pointers, none };

struct UnwindOptions {
  UnwindMethod method = UnwindMethod::automatic;
  /// Kernel memory for unwind tables at most, 64 KiB to 1 GiB. The least recently used are dropped.
  std::uint64_t table_bytes = 64u << 20;
};

/// How the frames of stacks get their names.
struct SymbolOptions {
  /// Frames for inlined calls, and source lines, of files that have debug information (DWARF), on
  /// this machine.
  bool inlined_calls = true;
  /// Ask the debuginfod servers of the environment (DEBUGINFOD_URLS, which libdebuginfod reads) for
  /// the debug files that this machine does not have, when frames are named. It tells them the
  /// build-ids of what was traced.
  bool debuginfod = false;
  /// For all requests of a session together; above zero.
  std::chrono::nanoseconds debuginfod_timeout = std::chrono::seconds(60);
};

struct CpuOptions {
  CpuEvent event = CpuEvent::automatic;
  /// Record the user-space part of each stack.
  bool user_stacks = true;
  /// Record the kernel part of each stack.
  bool kernel_stacks = true;
};

/// What the rows of system calls are told apart by, besides the call.
enum class SyscallGroup { process, thread, cgroup, error };

/// What a stack of system calls counts for.
enum class StackWeight { count, time, errors };

struct SyscallOptions {
  /// Names ("openat"), classes ("%file") and their opposites ("!futex"); empty: every call. Names
  /// select both the native and the 32-bit call; "io_uring:read" selects an io_uring operation.
  std::vector<std::string> calls;
  /// Only calls that failed.
  bool failed_only = false;
  /// Only calls that failed with one of these, such as "EACCES".
  std::vector<std::string> errors;
  /// Only calls that took at least this long.
  std::chrono::nanoseconds min_latency{0};
  /// Rows are by system call and by these.
  std::vector<SyscallGroup> by;
  /// Measure how long calls take. Without it rows have counts only, and calls cost less.
  bool latency = true;
  /// Add rows of calls by error to the report.
  bool error_table = false;
  /// Add the latency histogram of each row to the report.
  bool histograms = false;
  /// Live trace: every call as an event, instead of rows.
  bool trace = false;
  /// Bytes of the contents of buffers in a live trace.
  std::uint32_t string_bytes = 32;
  /// Record the user stack of each call.
  bool stacks = false;
  StackWeight stack_weight = StackWeight::count;
  /// Ring buffer of the live trace, rounded up to a power of two.
  std::uint64_t ring_bytes = 16u << 20;
};

/// What the rows of a network report are.
enum class NetworkGroup { connection, process, remote, port, cgroup };

struct NetworkOptions {
  /// Only connections with one of these ports at either end; at most 16. Empty: any.
  std::vector<std::uint16_t> ports;
  /// Only connections with one of these local ports; at most 16. Empty: any.
  std::vector<std::uint16_t> local_ports;
  /// Only connections to these addresses or networks ("10.0.0.0/8", "::1"); at most 8. Empty: any.
  std::vector<std::string> remotes;
  /// Of "tcp", "udp" and "unix". Empty: all.
  std::vector<std::string> protocols;
  /// Of "ipv4", "ipv6" and "unix". Empty: all.
  std::vector<std::string> families;
  /// Only this network namespace: a name of ip-netns(8), a path, or a process id. Empty: all.
  std::string netns;
  NetworkGroup by = NetworkGroup::connection;
  /// Live trace: connects, accepts, closes, retransmits, resets and failures as events, instead of
  /// rows.
  bool events = false;
  /// Events also of each send and receive over TCP and UDP: NetworkPacket. Many.
  bool packets = false;
  /// Packets that the kernel drops, by reason and kernel stack.
  bool drops = false;
  /// DNS queries and their answers.
  bool dns = false;
  /// HTTP/1 requests and their answers, of clients and servers.
  bool http = false;
  /// Keep the query of HTTP paths, which may hold secrets.
  bool http_query = false;
  /// Add histograms of round-trip times and latencies to the report.
  bool histograms = false;
  /// Connections that a report keeps at most.
  std::uint64_t max_connections = 100'000;
  /// Ring buffer of connections and events, rounded up to a power of two.
  std::uint64_t ring_bytes = 4u << 20;
};

struct MemoryOptions {
  /// Trace allocations: malloc and what is like it.
  bool alloc = false;
  /// Also follow frees, to tell what is still allocated.
  bool live = false;
  /// Also what the kernel itself allocates, and why processes were killed for want of memory.
  bool kernel = false;
  /// Allocations are sampled: one in so many bytes on average; 1: every one.
  std::uint64_t sample_bytes = 64 << 10;
  /// Changes of resident memory and of address spaces, the same. Without a value it is 1, or 16 KiB
  /// where the whole system is traced.
  std::optional<std::uint64_t> fault_sample_bytes;
  /// Also copies on write, and faults that waited for a device: what each page fault costs nearly
  /// doubles.
  bool page_faults = true;
  /// Stacks of each measure that a report has at most, the largest ones; 0: all. Where there are
  /// more, those that processes of the same name have in common are one, of process 0, and what is
  /// left out is added up by name of the process.
  std::uint64_t max_stacks = 0;
  /// Of what is still allocated, only what is at least this old.
  std::chrono::nanoseconds older_than{0};
  /// Most that tracing allocations may cost the target, in percent of its time, above 100 too;
  /// zero: no limit. Without a value it is 40, where it can be kept by looking now and then, and
  /// 160 with `live`, where every free has to be seen.
  std::optional<double> max_overhead_percent;

  std::uint64_t fault_distance_bytes(bool whole_system) const noexcept {
    return fault_sample_bytes.value_or(whole_system ? 16u << 10 : 1);
  }
  double overhead_limit_percent() const noexcept {
    return max_overhead_percent.value_or(live ? 160 : 40);
  }
};

/// What the command line does with reports. The library ignores it.
struct OutputSettings {
  /// Such as "json"; empty: by the ending of `file`.
  std::string format;
  /// A file, or for several tracers a folder ("out/"); empty: stdout.
  std::string file;
  /// Also report this often while running; zero: at the end only.
  std::chrono::nanoseconds interval{0};
  /// A lost event is a failure.
  bool fail_on_loss = false;
};

enum class LogLevel { debug, info, warning };
/// Receives the library's diagnostics, one line each without the end of line, such as "cpu: loaded
/// in 12 ms". What is wrong is also in the Result or the report. Called from the thread that runs
/// start() or stop() and from the session's reader thread; must be thread-safe and must not throw.
using LogCallback = std::function<void(LogLevel, std::string_view)>;

struct EbpfConfig {
  bool enable_cpu_profiling = true;
  bool enable_network_tracing = false;
  bool enable_syscall_tracing = false;
  bool enable_memory_tracing = false;
  /// Samples a second on each CPU, 1 to 1000.
  std::uint32_t sample_rate = 99;
  std::chrono::nanoseconds duration = std::chrono::seconds(60);
  /// Recording stops when this many samples have been taken, 1 to 10,000,000.
  std::uint64_t max_samples = 100'000;

  Target target;
  /// Of every tracer that records stacks.
  UnwindOptions unwind;
  SymbolOptions symbols;
  CpuOptions cpu;
  SyscallOptions syscall;
  NetworkOptions network;
  MemoryOptions memory;
  OutputSettings output;
  EventOptions events;
  /// Kernel features to treat as absent, by the names `sonde doctor` prints. For tests of
  /// fallbacks.
  std::vector<std::string> disabled_features;
  LogCallback log;

  EbpfConfig& with_sample_rate(std::uint32_t hertz);
  EbpfConfig& with_duration(std::chrono::nanoseconds value);
  EbpfConfig& with_cpu_profiling(bool enabled);
  EbpfConfig& with_network_tracing(bool enabled);
  EbpfConfig& with_syscall_tracing(bool enabled);
  EbpfConfig& with_memory_tracing(bool enabled);
  EbpfConfig& with_max_samples(std::uint64_t count);
  EbpfConfig& with_target(Target value);
  EbpfConfig& with_unwind_options(UnwindOptions value);
  EbpfConfig& with_symbol_options(SymbolOptions value);
  EbpfConfig& with_cpu_options(CpuOptions value);
  EbpfConfig& with_syscall_options(SyscallOptions value);
  EbpfConfig& with_network_options(NetworkOptions value);
  EbpfConfig& with_memory_options(MemoryOptions value);
  EbpfConfig& with_output_settings(OutputSettings value);
  EbpfConfig& with_event_options(EventOptions value);
  EbpfConfig& with_disabled_features(std::vector<std::string> names);
  EbpfConfig& with_log(LogCallback callback);

  /// ConfigError naming the field, its value and the allowed range, for the first rule that is
  /// broken: sample_rate 1-1000; max_samples 1-10,000,000; duration and symbols.debuginfod_timeout
  /// above zero; unwind.table_bytes 64 KiB-1 GiB; syscall.string_bytes 0-4096; syscall.ring_bytes
  /// and network.ring_bytes 4 KiB-1 GiB; network.max_connections 1-10,000,000; events.capacity
  /// 1-16,777,216; syscall.min_latency, memory.older_than and output.interval not negative;
  /// memory.sample_bytes and memory.fault_sample_bytes 1-1 GiB; memory.max_stacks 0-10,000,000;
  /// memory.max_overhead_percent 0-1,000,000. Names, such as those of calls, are checked by the
  /// tracers' prepare().
  Result<void> validate() const;
};

/// Same as config.validate().
Result<void> validate_config(const EbpfConfig& config);

/// A configuration file's text, as sonde-config(5) tells, over the defaults. ConfigError that
/// begins with the path of the setting, or with line and column where the text is not JSON.
Result<EbpfConfig> config_from_json(std::string_view text);
/// Every setting, as config_from_json() reads it back. Callbacks, EbpfConfig::events and what is
/// for launchers (Target::from_exec and Target::program) are left out.
std::string config_to_json(const EbpfConfig& config);

/// production|prod: 19 Hz, 300 s; staging: 49 Hz, 120 s; development|dev: 99 Hz, 60 s; debug: 199
/// Hz, 30 s; and how memory is sampled. ConfigError naming the four for any other name.
Result<EbpfConfig> recommended_config(std::string_view environment);

/// The v0.1 behaviour: an unknown name gives the development values.
EbpfConfig create_recommended_config(std::string_view environment);
std::uint32_t recommended_sample_rate(std::string_view environment);
std::chrono::seconds recommended_duration(std::string_view environment);

}  // namespace sonde
