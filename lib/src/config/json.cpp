#include "config/json.hpp"

#include <utility>

#include "config/config_document.hpp"
#include "config/cpu_event.hpp"
#include "config/json_document.hpp"
#include "config/json_kinds.hpp"
#include "config/network_names.hpp"
#include "config/syscall_names.hpp"
#include "config/unwind_method.hpp"
#include "util/text.hpp"

namespace sonde::config {
namespace {

constexpr Field<Target> kTargetFields[] = {
    field<ProcessIds, &Target::pids>("pids", "Processes, with all their threads."),
    field<Text, &Target::comm>("comm", "Threads of this name; its first 15 bytes count."),
    field<Text, &Target::cgroup>("cgroup", "A cgroup's directory; what is below is included."),
    field<Text, &Target::container>("container", "A container's id, or the start of it."),
    field<Boolean, &Target::follow_children>("follow_children",
                                             "Also what the targets fork from now on."),
};

constexpr Field<UnwindOptions> kUnwindFields[] = {
    field<Choice<UnwindMethod, parse_unwind_method, to_string, unwind_method_names>,
          &UnwindOptions::method>("method", "How user stacks are found."),
    field<Integer<kTableBytes>, &UnwindOptions::table_bytes>(
        "table_bytes", "Kernel memory for unwind tables at most."),
};

constexpr Field<SymbolOptions> kSymbolFields[] = {
    field<Boolean, &SymbolOptions::inlined_calls>(
        "inlined_calls", "Frames for inlined calls, where there is debug information."),
    field<Boolean, &SymbolOptions::debuginfod>(
        "debuginfod", "Ask the servers of DEBUGINFOD_URLS for missing debug files."),
    field<Duration, &SymbolOptions::debuginfod_timeout>(
        "debuginfod_timeout", "For all requests of a session together; above zero."),
};

constexpr Field<CpuOptions> kCpuFields[] = {
    field<Choice<CpuEvent, parse_cpu_event, to_string, cpu_event_names>, &CpuOptions::event>(
        "event", "Clock that drives sampling."),
    field<Boolean, &CpuOptions::user_stacks>("user_stacks", "Record the user part of each stack."),
    field<Boolean, &CpuOptions::kernel_stacks>("kernel_stacks",
                                               "Record the kernel part of each stack."),
};

constexpr Field<SyscallOptions> kSyscallFields[] = {
    field<Texts, &SyscallOptions::calls>(
        "calls", "Names (openat), classes (%file) and their opposites (!futex); none: all calls."),
    field<Boolean, &SyscallOptions::failed_only>("failed_only", "Only calls that failed."),
    field<Texts, &SyscallOptions::errors>("errors",
                                          "Only calls that failed with one of these, as EACCES."),
    field<TimeThreshold, &SyscallOptions::min_latency>("min_latency",
                                                       "Only calls that took at least this long."),
    field<SyscallGroups, &SyscallOptions::by>("by", "What rows are told apart by."),
    field<Boolean, &SyscallOptions::latency>("latency", "Measure how long calls take."),
    field<Boolean, &SyscallOptions::error_table>("error_table", "Add a table of errors."),
    field<Boolean, &SyscallOptions::histograms>("histograms", "Add latency histograms."),
    field<Boolean, &SyscallOptions::trace>("trace", "Show each call as it returns."),
    field<Integer<kStringBytes>, &SyscallOptions::string_bytes>(
        "string_bytes", "Bytes of the contents of buffers that a trace shows."),
    field<Boolean, &SyscallOptions::stacks>("stacks", "Record the user stack of each call."),
    field<Choice<StackWeight, parse_stack_weight, to_string, stack_weight_names>,
          &SyscallOptions::stack_weight>("stack_weight", "What a stack counts for."),
    field<Integer<kRingBytes>, &SyscallOptions::ring_bytes>("ring_bytes",
                                                            "Ring buffer of a trace."),
};

constexpr Field<NetworkOptions> kNetworkFields[] = {
    field<Ports, &NetworkOptions::ports>("ports", "Only connections with one of these ports."),
    field<Ports, &NetworkOptions::local_ports>("local_ports",
                                               "Only connections with one of these local ports."),
    field<Texts, &NetworkOptions::remotes>("remotes",
                                           "Only connections to these addresses or networks."),
    field<Texts, &NetworkOptions::protocols>("protocols", "Of tcp, udp, unix; none: all."),
    field<Texts, &NetworkOptions::families>("families", "Of ipv4, ipv6, unix; none: all."),
    field<Text, &NetworkOptions::netns>("netns", "A network namespace: name, path or process."),
    field<Choice<NetworkGroup, parse_network_group, to_string, network_group_names>,
          &NetworkOptions::by>("by", "What a row is."),
    field<Boolean, &NetworkOptions::events>("events", "Show what happens, as it happens."),
    field<Boolean, &NetworkOptions::packets>("packets", "Events of each send and receive."),
    field<Boolean, &NetworkOptions::drops>("drops", "Packets that the kernel drops."),
    field<Boolean, &NetworkOptions::dns>("dns", "DNS queries and answers."),
    field<Boolean, &NetworkOptions::http>("http", "HTTP/1 requests and answers."),
    field<Boolean, &NetworkOptions::http_query>("http_query", "Keep the query of HTTP paths."),
    field<Boolean, &NetworkOptions::histograms>("histograms", "Add histograms of latencies."),
    field<Integer<kMaxConnections>, &NetworkOptions::max_connections>(
        "max_connections", "Connections that a report keeps at most."),
    field<Integer<kRingBytes>, &NetworkOptions::ring_bytes>(
        "ring_bytes", "Ring buffer of connections and events."),
};

constexpr Field<MemoryOptions> kMemoryFields[] = {
    field<Boolean, &MemoryOptions::alloc>("alloc", "Trace allocations."),
    field<Boolean, &MemoryOptions::live>("live", "Also tell what is still allocated."),
    field<Boolean, &MemoryOptions::kernel>("kernel", "Also what the kernel itself allocates."),
    field<Integer<kSampleBytes>, &MemoryOptions::sample_bytes>(
        "sample_bytes", "Mean distance between sampled allocations; 1: every one."),
    field<Optional<Integer<kSampleBytes>>, &MemoryOptions::fault_sample_bytes>(
        "fault_sample_bytes",
        "The same of changes of resident memory; 1: every one; null: 1, or 16384 where the whole "
        "system is traced."),
    field<Boolean, &MemoryOptions::page_faults>(
        "page_faults", "Also copies on write, and faults that waited for a device."),
    field<Integer<kMaxStacks>, &MemoryOptions::max_stacks>(
        "max_stacks", "Stacks of each measure in a report at most; 0: all."),
    field<TimeThreshold, &MemoryOptions::older_than>(
        "older_than", "Of what is still allocated, only what is at least this old."),
    field<Optional<Number<kMostPercent>>, &MemoryOptions::max_overhead_percent>(
        "max_overhead_percent",
        "Most that tracing allocations may cost the target; zero: no limit; null: 40, or 160 with "
        "live."),
};

constexpr Field<OutputSettings> kOutputFields[] = {
    field<Text, &OutputSettings::format>("format", "Such as json; empty: by the file's ending."),
    field<Text, &OutputSettings::file>(
        "file", "A file, or for several tracers a folder (out/); empty: stdout."),
    field<TimeThreshold, &OutputSettings::interval>(
        "interval", "Also report this often while running; zero: at the end only."),
    field<Boolean, &OutputSettings::fail_on_loss>("fail_on_loss",
                                                  "Exit with status 4 if an event was lost."),
};

constexpr Field<EbpfConfig> kConfigFields[] = {
    field<Boolean, &EbpfConfig::enable_cpu_profiling>("enable_cpu_profiling",
                                                      "Sample where CPU time goes."),
    field<Boolean, &EbpfConfig::enable_network_tracing>("enable_network_tracing",
                                                        "Trace the network."),
    field<Boolean, &EbpfConfig::enable_syscall_tracing>("enable_syscall_tracing",
                                                        "Count, time or trace system calls."),
    field<Boolean, &EbpfConfig::enable_memory_tracing>("enable_memory_tracing", "Trace memory."),
    field<Integer<kSampleRate>, &EbpfConfig::sample_rate>("sample_rate",
                                                          "Samples a second on each CPU."),
    field<Duration, &EbpfConfig::duration>("duration", "How long to record; above zero."),
    field<Integer<kMaxSamples>, &EbpfConfig::max_samples>(
        "max_samples", "Recording of samples stops after this many."),
    group<&EbpfConfig::target, kTargetFields>(
        "target", "Whom to trace; criteria are combined with and. None: the whole system."),
    group<&EbpfConfig::unwind, kUnwindFields>("unwind", "How stacks are found."),
    group<&EbpfConfig::symbols, kSymbolFields>("symbols", "How frames get their names."),
    group<&EbpfConfig::cpu, kCpuFields>("cpu", "Of the CPU profiler."),
    group<&EbpfConfig::syscall, kSyscallFields>("syscall", "Of the system call tracer."),
    group<&EbpfConfig::network, kNetworkFields>("network", "Of the network tracer."),
    group<&EbpfConfig::memory, kMemoryFields>("memory", "Of the memory tracer."),
    group<&EbpfConfig::output, kOutputFields>("output", "What the command line does with reports."),
    field<Texts, &EbpfConfig::disabled_features>(
        "disabled_features", "Kernel features to treat as absent, by their names in sonde doctor."),
};

}  // namespace

Result<std::vector<std::string>> overlay_json(std::string_view text, EbpfConfig& config) {
  const auto document = parse_json_document(text, kMaxConfigBytes);
  if (!document) return tl::unexpected(document.error());
  return overlay_document(*document, config);
}

Result<std::vector<std::string>> overlay_document(const nlohmann::json& document,
                                                  EbpfConfig& config) {
  EbpfConfig changed = config;
  SettingPaths set;
  if (auto read = read_object<EbpfConfig>({document, ""}, kConfigFields, changed, set); !read) {
    return tl::unexpected(std::move(read.error()));
  }
  config = std::move(changed);
  return set;
}

OrderedJson config_document(const EbpfConfig& config) {
  return write_object<EbpfConfig>(kConfigFields, config);
}

std::string to_json(const EbpfConfig& config) {
  constexpr int kIndent = 2;
  return config_document(config).dump(kIndent, ' ', false, OrderedJson::error_handler_t::replace) +
         '\n';
}

namespace {

void append_annotated(std::string& out, const OrderedJson& object, const std::string& path,
                      const std::function<std::string(std::string_view)>& comment) {
  const std::string indent(path.empty() ? 2 : 4, ' ');
  std::size_t left = object.size();
  for (const auto& [key, value] : object.items()) {
    const std::string here = path.empty() ? key : path + "." + key;
    const char* const comma = --left == 0 ? "" : ",";
    out += indent + OrderedJson(key).dump() + ": ";
    if (value.is_object()) {
      out += "{\n";
      append_annotated(out, value, here, comment);
      out += indent + "}" + comma + "\n";
    } else {
      out += value.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + comma;
      out += "  // " + text::printable(comment(here)) + "\n";
    }
  }
}

}  // namespace

std::string annotated_json(const EbpfConfig& config,
                           const std::function<std::string(std::string_view)>& comment) {
  std::string out = "{\n";
  append_annotated(out, config_document(config), "", comment);
  return out + "}\n";
}

OrderedJson config_schema_document() {
  OrderedJson schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                        {"title", "sonde, configuration file"},
                        {"description",
                         "EbpfConfig as JSON. Every key is optional; comments are allowed in "
                         "the file, unknown and repeated keys are errors."}};
  schema.update(object_schema<EbpfConfig>(kConfigFields));
  return schema;
}

std::string config_schema() {
  return config_schema_document().dump(2) + '\n';
}

}  // namespace sonde::config

namespace sonde {

Result<EbpfConfig> config_from_json(std::string_view text) {
  EbpfConfig config;
  if (const auto set = config::overlay_json(text, config); !set) return tl::unexpected(set.error());
  return config;
}

std::string config_to_json(const EbpfConfig& config) {
  return config::to_json(config);
}

}  // namespace sonde
