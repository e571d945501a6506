#include "config/json.hpp"

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

#include "config/cpu_event.hpp"
#include "config/json_document.hpp"
#include "config/json_setting.hpp"
#include "config/syscall_names.hpp"
#include "config/unwind_method.hpp"
#include "util/fail.hpp"
#include "util/similar.hpp"

namespace sonde::config {
namespace {

using Paths = std::vector<std::string>;

template <class Object>
struct Field {
  std::string_view name;
  Result<void> (*read)(const JsonSetting& setting, Object& into, Paths& set);
};

template <class Value, class Member>
Result<void> store(const JsonSetting& setting, Result<Value> value, Member& member, Paths& set) {
  if (!value) return tl::unexpected(std::move(value.error()));
  member = static_cast<Member>(std::move(*value));
  set.push_back(setting.path());
  return {};
}

template <class Object>
Result<void> read_object(const JsonSetting& object, std::span<const Field<Object>> fields,
                         Object& into, Paths& set) {
  auto members = object.members();
  if (!members) return tl::unexpected(std::move(members.error()));
  for (const JsonSetting& member : *members) {
    const auto field = std::ranges::find(fields, member.key(), &Field<Object>::name);
    if (field == fields.end()) {
      std::vector<std::string_view> names;
      for (const Field<Object>& known : fields)
        names.push_back(known.name);
      return member.fail("unknown key" + did_you_mean(member.key(), names));
    }
    if (auto read = field->read(member, into, set); !read) return read;
  }
  return {};
}

Result<std::vector<int>> read_pids(const JsonSetting& setting) {
  auto elements = setting.elements();
  if (!elements) return tl::unexpected(std::move(elements.error()));
  std::vector<int> pids;
  for (const JsonSetting& element : *elements) {
    const auto pid = element.integer({1, std::numeric_limits<int>::max()});
    if (!pid) return tl::unexpected(pid.error());
    pids.push_back(static_cast<int>(*pid));
  }
  return pids;
}

/// `parse` gives a value for its name.
template <class Enum>
Result<Enum> read_choice(const JsonSetting& setting, Result<Enum> (*parse)(std::string_view)) {
  const auto name = setting.string();
  if (!name) return tl::unexpected(name.error());
  auto value = parse(*name);
  if (!value) return setting.fail(value.error().what, value.error().hint);
  return value;
}

Result<std::vector<std::string>> read_strings(const JsonSetting& setting) {
  auto elements = setting.elements();
  if (!elements) return tl::unexpected(std::move(elements.error()));
  std::vector<std::string> all;
  for (const JsonSetting& element : *elements) {
    auto text = element.string();
    if (!text) return tl::unexpected(std::move(text.error()));
    if (text->empty()) return element.fail("is empty");
    all.push_back(std::move(*text));
  }
  return all;
}

Result<std::vector<SyscallGroup>> read_groups(const JsonSetting& setting) {
  auto elements = setting.elements();
  if (!elements) return tl::unexpected(std::move(elements.error()));
  std::vector<SyscallGroup> groups;
  for (const JsonSetting& element : *elements) {
    const auto name = element.string();
    if (!name) return tl::unexpected(name.error());
    if (auto added = add_syscall_group(*name, groups); !added) {
      return element.fail(added.error().what, added.error().hint);
    }
  }
  return groups;
}

constexpr Field<Target> kTargetFields[] = {
    {"pids", [](auto& s, Target& t, Paths& set) { return store(s, read_pids(s), t.pids, set); }},
    {"comm", [](auto& s, Target& t, Paths& set) { return store(s, s.string(), t.comm, set); }},
    {"cgroup", [](auto& s, Target& t, Paths& set) { return store(s, s.string(), t.cgroup, set); }},
    {"container",
     [](auto& s, Target& t, Paths& set) { return store(s, s.string(), t.container, set); }},
    {"follow_children",
     [](auto& s, Target& t, Paths& set) { return store(s, s.boolean(), t.follow_children, set); }},
};

constexpr Field<UnwindOptions> kUnwindFields[] = {
    {"method",
     [](auto& s, UnwindOptions& o, Paths& set) {
       return store(s, read_choice(s, parse_unwind_method), o.method, set);
     }},
    {"table_bytes",
     [](auto& s, UnwindOptions& o, Paths& set) {
       return store(s, s.integer(kTableBytes), o.table_bytes, set);
     }},
};

constexpr Field<CpuOptions> kCpuFields[] = {
    {"event", [](auto& s, CpuOptions& c,
                 Paths& set) { return store(s, read_choice(s, parse_cpu_event), c.event, set); }},
    {"user_stacks",
     [](auto& s, CpuOptions& c, Paths& set) { return store(s, s.boolean(), c.user_stacks, set); }},
    {"kernel_stacks", [](auto& s, CpuOptions& c,
                         Paths& set) { return store(s, s.boolean(), c.kernel_stacks, set); }},
};

constexpr Field<SyscallOptions> kSyscallFields[] = {
    {"calls", [](auto& s, SyscallOptions& o,
                 Paths& set) { return store(s, read_strings(s), o.calls, set); }},
    {"failed_only", [](auto& s, SyscallOptions& o,
                       Paths& set) { return store(s, s.boolean(), o.failed_only, set); }},
    {"errors", [](auto& s, SyscallOptions& o,
                  Paths& set) { return store(s, read_strings(s), o.errors, set); }},
    {"min_latency", [](auto& s, SyscallOptions& o,
                       Paths& set) { return store(s, s.duration(), o.min_latency, set); }},
    {"by",
     [](auto& s, SyscallOptions& o, Paths& set) { return store(s, read_groups(s), o.by, set); }},
    {"latency",
     [](auto& s, SyscallOptions& o, Paths& set) { return store(s, s.boolean(), o.latency, set); }},
    {"error_table", [](auto& s, SyscallOptions& o,
                       Paths& set) { return store(s, s.boolean(), o.error_table, set); }},
    {"histograms", [](auto& s, SyscallOptions& o,
                      Paths& set) { return store(s, s.boolean(), o.histograms, set); }},
    {"trace",
     [](auto& s, SyscallOptions& o, Paths& set) { return store(s, s.boolean(), o.trace, set); }},
    {"string_bytes",
     [](auto& s, SyscallOptions& o, Paths& set) {
       return store(s, s.integer(kStringBytes), o.string_bytes, set);
     }},
    {"stacks",
     [](auto& s, SyscallOptions& o, Paths& set) { return store(s, s.boolean(), o.stacks, set); }},
    {"stack_weight",
     [](auto& s, SyscallOptions& o, Paths& set) {
       return store(s, read_choice(s, parse_stack_weight), o.stack_weight, set);
     }},
    {"ring_bytes", [](auto& s, SyscallOptions& o,
                      Paths& set) { return store(s, s.integer(kRingBytes), o.ring_bytes, set); }},
};

constexpr Field<EbpfConfig> kConfigFields[] = {
    {"enable_cpu_profiling",
     [](auto& s, EbpfConfig& c, Paths& set) {
       return store(s, s.boolean(), c.enable_cpu_profiling, set);
     }},
    {"enable_network_tracing",
     [](auto& s, EbpfConfig& c, Paths& set) {
       return store(s, s.boolean(), c.enable_network_tracing, set);
     }},
    {"enable_syscall_tracing",
     [](auto& s, EbpfConfig& c, Paths& set) {
       return store(s, s.boolean(), c.enable_syscall_tracing, set);
     }},
    {"enable_memory_tracing",
     [](auto& s, EbpfConfig& c, Paths& set) {
       return store(s, s.boolean(), c.enable_memory_tracing, set);
     }},
    {"sample_rate",
     [](auto& s, EbpfConfig& c, Paths& set) {
       return store(s, s.integer(kSampleRate), c.sample_rate, set);
     }},
    {"duration",
     [](auto& s, EbpfConfig& c, Paths& set) { return store(s, s.duration(), c.duration, set); }},
    {"max_samples",
     [](auto& s, EbpfConfig& c, Paths& set) {
       return store(s, s.integer(kMaxSamples), c.max_samples, set);
     }},
    {"target", [](auto& s, EbpfConfig& c,
                  Paths& set) { return read_object<Target>(s, kTargetFields, c.target, set); }},
    {"unwind",
     [](auto& s, EbpfConfig& c, Paths& set) {
       return read_object<UnwindOptions>(s, kUnwindFields, c.unwind, set);
     }},
    {"cpu", [](auto& s, EbpfConfig& c,
               Paths& set) { return read_object<CpuOptions>(s, kCpuFields, c.cpu, set); }},
    {"syscall",
     [](auto& s, EbpfConfig& c, Paths& set) {
       return read_object<SyscallOptions>(s, kSyscallFields, c.syscall, set);
     }},
};

}  // namespace

Result<std::vector<std::string>> overlay_json(std::string_view text, EbpfConfig& config) {
  const auto document = parse_json_document(text, kMaxConfigBytes);
  if (!document) return tl::unexpected(document.error());
  EbpfConfig changed = config;
  Paths set;
  if (auto read = read_object<EbpfConfig>({*document, ""}, kConfigFields, changed, set); !read) {
    return tl::unexpected(std::move(read.error()));
  }
  config = std::move(changed);
  return set;
}

}  // namespace sonde::config
