#include "config/json.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "config/network_names.hpp"

using sonde::EbpfConfig;
using sonde::config::overlay_json;
using namespace std::chrono_literals;

namespace {

std::string error_of(std::string_view text) {
  EbpfConfig config;
  const auto set = overlay_json(text, config);
  if (set) return "accepted";
  BOOST_TEST((set.error().code == sonde::ErrorCode::ConfigError));
  return set.error().message();
}

// {"a": {"b": value}} of "a.b".
std::string at_path(std::string path, const std::string& value) {
  const auto dot = path.find('.');
  const std::string key = path.substr(0, dot);
  const std::string inner = dot == std::string::npos ? value : at_path(path.substr(dot + 1), value);
  return "{\"" + key + "\": " + inner + "}";
}

// Of every setting, and of every group of them.
struct AllPaths {
  std::vector<std::string> settings;
  std::vector<std::string> groups;
};
AllPaths all_paths() {
  AllPaths paths;
  const auto document = nlohmann::json::parse(sonde::config::to_json({}));
  for (const auto& [key, value] : document.items()) {
    if (!value.is_object()) paths.settings.push_back(key);
    if (value.is_object()) paths.groups.push_back(key);
    for (const auto& [inner, held] : value.items()) {
      if (value.is_object()) paths.settings.push_back(key + "." + inner);
    }
  }
  return paths;
}

EbpfConfig config_of(std::string_view text) {
  EbpfConfig config;
  const auto set = overlay_json(text, config);
  BOOST_TEST_REQUIRE(set.has_value(), (set ? "" : set.error().message()));
  return config;
}

}  // namespace

// Settings land in the fields of their names.
BOOST_AUTO_TEST_CASE(reads_settings) {
  const EbpfConfig config = config_of(R"({
    "enable_cpu_profiling": false, "enable_network_tracing": true,
    "enable_syscall_tracing": true, "enable_memory_tracing": true,
    "sample_rate": 49, "duration": "90s", "max_samples": 5000,
    "target": {"pids": [1, 2147483647], "comm": "redis", "cgroup": "/sys/fs/cgroup/a",
               "container": "abc", "follow_children": true},
    "unwind": {"method": "fp", "table_bytes": 1048576},
    "symbols": {"inlined_calls": false, "debuginfod": true, "debuginfod_timeout": "5s"},
    "cpu": {"event": "cpu-clock", "user_stacks": false, "kernel_stacks": false},
    "syscall": {"calls": ["%file", "!openat"], "failed_only": true, "errors": ["EACCES"],
                "min_latency": "1ms", "by": ["thread", "syscall", "errno", "thread"],
                "latency": false, "error_table": true, "histograms": true, "trace": true,
                "string_bytes": 4096, "stacks": true, "stack_weight": "time",
                "ring_bytes": 1073741824}
  })");
  BOOST_TEST(!config.enable_cpu_profiling);
  BOOST_TEST(config.enable_network_tracing);
  BOOST_TEST(config.enable_syscall_tracing);
  BOOST_TEST(config.enable_memory_tracing);
  BOOST_TEST(config.sample_rate == 49u);
  BOOST_TEST((config.duration == 90s));
  BOOST_TEST(config.max_samples == 5000u);
  BOOST_TEST(config.target.pids == (std::vector<int>{1, 2147483647}),
             boost::test_tools::per_element());
  BOOST_TEST(config.target.comm == "redis");
  BOOST_TEST(config.target.cgroup == "/sys/fs/cgroup/a");
  BOOST_TEST(config.target.container == "abc");
  BOOST_TEST(config.target.follow_children);
  BOOST_TEST((config.unwind.method == sonde::UnwindMethod::frame_pointers));
  BOOST_TEST(config.unwind.table_bytes == 1048576u);
  BOOST_TEST(!config.symbols.inlined_calls);
  BOOST_TEST(config.symbols.debuginfod);
  BOOST_TEST((config.symbols.debuginfod_timeout == 5s));
  BOOST_TEST((config.cpu.event == sonde::CpuEvent::cpu_clock));
  BOOST_TEST(!config.cpu.user_stacks);
  BOOST_TEST(!config.cpu.kernel_stacks);
  const sonde::SyscallOptions& syscall = config.syscall;
  BOOST_TEST(syscall.calls == (std::vector<std::string>{"%file", "!openat"}),
             boost::test_tools::per_element());
  BOOST_TEST(syscall.failed_only);
  BOOST_TEST(syscall.errors == std::vector<std::string>{"EACCES"},
             boost::test_tools::per_element());
  BOOST_TEST((syscall.min_latency == 1ms));
  BOOST_TEST((syscall.by == std::vector{sonde::SyscallGroup::thread, sonde::SyscallGroup::error}));
  BOOST_TEST(!syscall.latency);
  BOOST_TEST(syscall.error_table);
  BOOST_TEST(syscall.histograms);
  BOOST_TEST(syscall.trace);
  BOOST_TEST(syscall.string_bytes == 4096u);
  BOOST_TEST(syscall.stacks);
  BOOST_TEST((syscall.stack_weight == sonde::StackWeight::time));
  BOOST_TEST(syscall.ring_bytes == 1073741824u);
}

// The settings of system calls are read as strictly as the others.
BOOST_AUTO_TEST_CASE(refuses_wrong_syscall_settings) {
  const auto syscall = [](std::string_view member) {
    return error_of("{\"syscall\": {" + std::string(member) + "}}");
  };
  BOOST_TEST(syscall(R"("cals": [])") == "syscall.cals: unknown key (did you mean 'calls'?)");
  BOOST_TEST(syscall(R"("calls": "read")") == "syscall.calls: expected an array, found \"read\"");
  BOOST_TEST(syscall(R"("calls": ["read", ""])") == "syscall.calls[1]: is empty");
  BOOST_TEST(syscall(R"("errors": [2])") == "syscall.errors[0]: expected a string, found 2");
  BOOST_TEST(syscall(R"("by": ["proces"])") ==
             "syscall.by[0]: 'proces' is nothing to group by (did you mean 'process'?). "
             "Group by process, thread, cgroup, errno or syscall");
  BOOST_TEST(syscall(R"("stack_weight": "bytes")") ==
             "syscall.stack_weight: unknown weight 'bytes'. "
             "The weights are count, time and errors");
  BOOST_TEST(syscall(R"("string_bytes": 4097)") ==
             "syscall.string_bytes is 4097, but must be from 0 to 4096");
  BOOST_TEST(syscall(R"("ring_bytes": 4095)") ==
             "syscall.ring_bytes is 4095, but must be from 4096 to 1073741824");
  BOOST_TEST(syscall(R"("min_latency": -1)").starts_with("syscall.min_latency: '-1' is not"));
}

// Every setting refuses a value of another type, every choice an unknown word, and every group an
// unknown key, naming the path.
BOOST_AUTO_TEST_CASE(every_setting_is_strict) {
  const AllPaths paths = all_paths();
  BOOST_TEST(paths.settings.size() >= 30u);
  for (const std::string& path : paths.settings) {
    const bool may_be_open =
        path == "memory.max_overhead_percent" || path == "memory.fault_sample_bytes";
    const std::string of_null = may_be_open ? "accepted" : path + ": expected ";
    BOOST_TEST(error_of(at_path(path, "null")).starts_with(of_null), path);
    for (const char* const wrong : {"[null]", "[3.5]", "\"no such word\"", "{\"x\": 1}"}) {
      const std::string error = error_of(at_path(path, wrong));
      // A text takes any word.
      BOOST_TEST((error.starts_with(path) || error == "accepted"), path + ": " + error);
    }
  }
  for (const std::string& path : paths.groups) {
    BOOST_TEST(error_of(at_path(path, "3")) == path + ": expected an object, found 3");
    BOOST_TEST(error_of(at_path(path + ".surprise", "3")) == path + ".surprise: unknown key");
  }
}

// The commented form has each setting's path where it was asked for it, and reads back.
BOOST_AUTO_TEST_CASE(annotated) {
  std::vector<std::string> asked;
  const std::string text = sonde::config::annotated_json({}, [&](std::string_view path) {
    asked.emplace_back(path);
    return "from \n" + std::string(path);
  });
  const AllPaths paths = all_paths();
  BOOST_TEST(asked.size() == paths.settings.size());
  for (const std::string& path : asked) {
    BOOST_TEST((std::ranges::find(paths.settings, path) != paths.settings.end()), path);
  }
  BOOST_TEST(text.find("  \"sample_rate\": 99,  // from ?sample_rate\n") != std::string::npos);
  BOOST_TEST(sonde::config::to_json(config_of(text)) == sonde::config::to_json({}));
}

// The schema describes the settings that exist.
BOOST_AUTO_TEST_CASE(schema_has_every_setting) {
  const auto schema = nlohmann::json::parse(sonde::config::config_schema());
  for (const std::string& path : all_paths().settings) {
    std::string pointer = "/properties/" + path;
    if (const auto dot = pointer.find('.'); dot != std::string::npos) {
      pointer.replace(dot, 1, "/properties/");
    }
    BOOST_TEST(schema.contains(nlohmann::json::json_pointer(pointer + "/description")), path);
  }
}

// What is written of a configuration reads back as the same configuration, whatever it sets.
BOOST_AUTO_TEST_CASE(written_configurations_read_back) {
  EbpfConfig config = EbpfConfig()
                          .with_sample_rate(7)
                          .with_duration(1500ms)
                          .with_cpu_profiling(false)
                          .with_network_tracing(true)
                          .with_max_samples(11)
                          .with_disabled_features({"btf"});
  config.target.pids = {1, 2};
  config.target.comm = "a \"b\"";
  config.unwind.method = sonde::UnwindMethod::cfi;
  config.cpu.event = sonde::CpuEvent::cycles;
  config.syscall.by = {sonde::SyscallGroup::error};
  config.syscall.stack_weight = sonde::StackWeight::errors;
  config.syscall.min_latency = 3us;
  for (const EbpfConfig& each : {EbpfConfig(), config}) {
    const std::string text = sonde::config::to_json(each);
    BOOST_TEST(sonde::config::to_json(config_of(text)) == text);
  }
  const EbpfConfig again = config_of(sonde::config::to_json(config));
  BOOST_TEST((again.duration == 1500ms));
  BOOST_TEST(again.target.comm == "a \"b\"");
  BOOST_TEST((again.unwind.method == sonde::UnwindMethod::cfi));
  BOOST_TEST((again.cpu.event == sonde::CpuEvent::cycles));
  BOOST_TEST((again.syscall.by == std::vector{sonde::SyscallGroup::error}));
  BOOST_TEST((again.syscall.min_latency == 3us));
  BOOST_TEST(again.disabled_features == std::vector<std::string>{"btf"},
             boost::test_tools::per_element());
}

// Each setting, when given, changes what is written of itself and of no other.
BOOST_AUTO_TEST_CASE(settings_share_nothing) {
  const std::vector<std::pair<std::string, std::string>> given = {
      {"enable_cpu_profiling", "false"},
      {"enable_network_tracing", "true"},
      {"enable_syscall_tracing", "true"},
      {"enable_memory_tracing", "true"},
      {"sample_rate", "7"},
      {"duration", "\"7s\""},
      {"max_samples", "7"},
      {"target.pids", "[7]"},
      {"target.comm", "\"redis\""},
      {"target.cgroup", "\"/sys/fs/cgroup/a\""},
      {"target.container", "\"abc\""},
      {"target.follow_children", "true"},
      {"unwind.method", "\"fp\""},
      {"unwind.table_bytes", "7000000"},
      {"symbols.inlined_calls", "false"},
      {"symbols.debuginfod", "true"},
      {"symbols.debuginfod_timeout", "\"7s\""},
      {"cpu.event", "\"cycles\""},
      {"cpu.user_stacks", "false"},
      {"cpu.kernel_stacks", "false"},
      {"syscall.calls", "[\"openat\"]"},
      {"syscall.failed_only", "true"},
      {"syscall.errors", "[\"EACCES\"]"},
      {"syscall.min_latency", "\"7us\""},
      {"syscall.by", "[\"thread\"]"},
      {"syscall.latency", "false"},
      {"syscall.error_table", "true"},
      {"syscall.histograms", "true"},
      {"syscall.trace", "true"},
      {"syscall.string_bytes", "7"},
      {"syscall.stacks", "true"},
      {"syscall.stack_weight", "\"errors\""},
      {"syscall.ring_bytes", "8388608"},
      {"network.ports", "[7]"},
      {"network.local_ports", "[7]"},
      {"network.remotes", "[\"10.0.0.0/8\"]"},
      {"network.protocols", "[\"udp\"]"},
      {"network.families", "[\"ipv6\"]"},
      {"network.netns", "\"blue\""},
      {"network.by", "\"remote\""},
      {"network.events", "true"},
      {"network.packets", "true"},
      {"network.drops", "true"},
      {"network.dns", "true"},
      {"network.http", "true"},
      {"network.http_query", "true"},
      {"network.histograms", "true"},
      {"network.max_connections", "7"},
      {"network.ring_bytes", "8388608"},
      {"memory.alloc", "true"},
      {"memory.live", "true"},
      {"memory.kernel", "true"},
      {"memory.sample_bytes", "7"},
      {"memory.fault_sample_bytes", "7"},
      {"memory.page_faults", "false"},
      {"memory.max_stacks", "7"},
      {"memory.older_than", "\"7s\""},
      {"memory.max_overhead_percent", "7"},
      {"output.format", "\"json\""},
      {"output.file", "\"report\""},
      {"output.interval", "\"7s\""},
      {"output.fail_on_loss", "true"},
      {"disabled_features", "[\"btf\"]"},
  };
  const std::vector<std::string> all = all_paths().settings;
  const auto plain = nlohmann::json::parse(sonde::config::to_json({}));
  std::vector<std::string> tried;
  for (const auto& [path, value] : given) {
    tried.push_back(path);
    const EbpfConfig config = config_of(at_path(path, value));
    const auto text = sonde::config::to_json(config);
    BOOST_TEST(sonde::config::to_json(config_of(text)) == text, path);
    const auto changes = nlohmann::json::diff(plain, nlohmann::json::parse(text));
    BOOST_TEST(!changes.empty(), path);
    for (const auto& change : changes) {
      std::string changed = change["path"].get<std::string>().substr(1);
      std::replace(changed.begin(), changed.end(), '/', '.');
      BOOST_TEST((changed + '.').starts_with(path + '.'), path << " changes " << changed);
    }
  }
  BOOST_TEST(std::is_permutation(all.begin(), all.end(), tried.begin(), tried.end()));
}

// Only what the text names is changed, and the paths of exactly those settings are returned.
BOOST_AUTO_TEST_CASE(overlays_what_it_names) {
  EbpfConfig config = EbpfConfig().with_sample_rate(19).with_max_samples(7);
  config.target.comm = "keep";
  const auto set = overlay_json(R"({"duration": 5, "target": {"pids": [3]}})", config);
  BOOST_REQUIRE(set.has_value());
  BOOST_TEST(*set == (std::vector<std::string>{"duration", "target.pids"}),
             boost::test_tools::per_element());
  BOOST_TEST(config.sample_rate == 19u);
  BOOST_TEST(config.max_samples == 7u);
  BOOST_TEST(config.target.comm == "keep");
  BOOST_TEST((config.duration == 5s));
}

// An error in the last setting leaves the settings before it unapplied, too.
BOOST_AUTO_TEST_CASE(an_error_changes_nothing) {
  EbpfConfig config;
  BOOST_TEST(!overlay_json(R"({"duration": 5, "sample_rate": 0})", config).has_value());
  BOOST_TEST((config.duration == 60s));
}

// A duration is a text with unit, a number of seconds, or the secs/nanos object.
BOOST_AUTO_TEST_CASE(reads_durations) {
  BOOST_TEST((config_of(R"({"duration": "500ms"})").duration == 500ms));
  BOOST_TEST((config_of(R"({"duration": 60})").duration == 60s));
  BOOST_TEST((config_of(R"({"duration": 1.5})").duration == 1500ms));
  BOOST_TEST((config_of(R"({"duration": 1e-7})").duration == 100ns));
  BOOST_TEST(error_of(R"({"duration": -1e300})").find("duration: '-1e+300' is not a") == 0);
  BOOST_TEST(error_of(R"({"duration": 1e300})").find("duration: '1e+300' is not a") == 0);
  BOOST_TEST((config_of(R"({"duration": {"secs": 2, "nanos": 5}})").duration == 2s + 5ns));
  BOOST_TEST((config_of(R"({"duration": {"nanos": 1}})").duration == 1ns));
  BOOST_TEST(error_of(R"({"duration": 0})") == "duration: must be above zero");
  BOOST_TEST(error_of(R"({"duration": {"secs": 0, "nanos": 0}})") ==
             "duration: must be above zero");
  BOOST_TEST(error_of(R"({"duration": {}})") == "duration: must be above zero");
  BOOST_TEST(error_of(R"({"duration": -1})").starts_with("duration: '-1' is not a duration"));
  BOOST_TEST(error_of(R"({"duration": "1 week"})").starts_with("duration: '1 week' is not"));
  BOOST_TEST(
      error_of(R"({"duration": true})") ==
      R"(duration: expected a duration such as "60s", 60 or {"secs": 60, "nanos": 0}, found true)");
  BOOST_TEST(error_of(R"({"duration": {"secs": 1, "nanos": 1000000000}})") ==
             "duration.nanos is 1000000000, but must be from 0 to 999999999");
  BOOST_TEST(error_of(R"({"duration": {"secs": 18446744073709551615}})") ==
             "duration.secs is 18446744073709551615, but must be from 0 to 3153600000");
  BOOST_TEST(error_of(R"({"duration": {"seconds": 1}})") ==
             "duration.seconds: unknown key. A duration has the keys secs and nanos");
}

// An unknown key is named with its path and the nearest known key of that object.
BOOST_AUTO_TEST_CASE(unknown_keys) {
  BOOST_TEST(error_of(R"({"sample_rat": 1})") ==
             "sample_rat: unknown key (did you mean 'sample_rate'?)");
  BOOST_TEST(error_of(R"({"target": {"pid": [1]}})") ==
             "target.pid: unknown key (did you mean 'pids'?)");
  BOOST_TEST(error_of(R"({"zzzzzzzz": 1})") == "zzzzzzzz: unknown key");
  BOOST_TEST(error_of(R"({"x.sample_rate": 1})").starts_with("x.sample_rate: unknown key"));
  BOOST_TEST(error_of("{\"\\u001b[31m\": 1}") == "?[31m: unknown key");
}

// A value of the wrong type is refused, not converted.
BOOST_AUTO_TEST_CASE(wrong_types) {
  BOOST_TEST(error_of(R"({"sample_rate": "99"})") ==
             R"(sample_rate: expected a whole number, found "99")");
  BOOST_TEST(error_of(R"({"sample_rate": 99.5})") ==
             "sample_rate: expected a whole number, found 99.5");
  BOOST_TEST(error_of(R"({"sample_rate": null})") ==
             "sample_rate: expected a whole number, found null");
  BOOST_TEST(error_of(R"({"enable_cpu_profiling": 1})") ==
             "enable_cpu_profiling: expected true or false, found 1");
  BOOST_TEST(error_of(R"({"target": []})") == "target: expected an object, found an array");
  BOOST_TEST(error_of(R"({"target": {"pids": 5}})") == "target.pids: expected an array, found 5");
  BOOST_TEST(error_of(R"({"target": {"pids": [1, "2"]}})") ==
             R"(target.pids[1]: expected a whole number, found "2")");
  BOOST_TEST(error_of(R"({"target": {"comm": {}}})") ==
             "target.comm: expected a string, found an object");
  BOOST_TEST(error_of(R"({"target": {"cgroup": "a\u0000b"}})") ==
             "target.cgroup: contains a NUL character");
  BOOST_TEST(error_of(R"({"cpu": {"event": "cpuclock"}})") ==
             "cpu.event: unknown event 'cpuclock' (did you mean 'cpu-clock'?). "
             "The events are auto, cpu-clock and cycles");
  BOOST_TEST(error_of("[]") == "expected an object, found an array");
}

// A number outside its range is named with the range.
BOOST_AUTO_TEST_CASE(ranges) {
  BOOST_TEST(error_of(R"({"sample_rate": 0})") == "sample_rate is 0, but must be from 1 to 1000");
  BOOST_TEST(error_of(R"({"sample_rate": 4294967297})") ==
             "sample_rate is 4294967297, but must be from 1 to 1000");
  BOOST_TEST(error_of(R"({"sample_rate": -1})") ==
             "sample_rate: -1 is negative, but must be from 1 to 1000");
  BOOST_TEST(error_of(R"({"max_samples": 10000001})") ==
             "max_samples is 10000001, but must be from 1 to 10000000");
  BOOST_TEST(error_of(R"({"target": {"pids": [0]}})") ==
             "target.pids[0] is 0, but must be from 1 to 2147483647");
}

// Both kinds of comment are skipped.
BOOST_AUTO_TEST_CASE(comments) {
  BOOST_TEST(config_of("// why\n{\"sample_rate\": /* low */ 9}").sample_rate == 9u);
}

// Text that is not JSON is reported with the line and column where reading stopped.
BOOST_AUTO_TEST_CASE(broken_json) {
  BOOST_TEST(error_of("{\n  \"sample_rate\": 9,\n  oops\n}").starts_with("line 3, column 3: "));
  BOOST_TEST(error_of("").starts_with("line 1, column 1: "));
  BOOST_TEST(error_of("{\"sample_rate\": 9").starts_with("line 1, column 18: "));
  BOOST_TEST(error_of("{} {}").starts_with("line 1, column 4: "));
  BOOST_TEST(error_of("{\"target\": {\"comm\": \"\xFF\"}}").starts_with("line 1, column 22: "));
  BOOST_TEST(error_of("{\"sample_rate\": 1e999}").find("overflow") != std::string::npos);
}

// A repeated key is an error, in a nested object as well; equal keys of different objects are not.
BOOST_AUTO_TEST_CASE(duplicate_keys) {
  BOOST_TEST(error_of(R"({"sample_rate": 1, "sample_rate": 2})") ==
             "the key 'sample_rate' occurs twice in one object");
  BOOST_TEST(error_of(R"({"target": {"comm": "a", "comm": "a"}})") ==
             "the key 'comm' occurs twice in one object");
  BOOST_TEST(error_of(R"({"target": {"comm": "a"}, "comm": 1})").starts_with("comm: unknown key"));
}

// Hostile texts end in an error within bounded stack and memory.
BOOST_AUTO_TEST_CASE(hostile_texts) {
  BOOST_TEST(error_of(std::string(1'000'000, '[')) == "nested deeper than 16 levels");
  BOOST_TEST(error_of(std::string((1 << 20) + 1, ' ')) == "the text is larger than 1048576 bytes");
  std::string deep;
  for (int i = 0; i < 100'000; ++i)
    deep += "{\"a\":";
  BOOST_TEST(error_of(deep) == "nested deeper than 16 levels");
}

// Lists of ports and numbers with a fraction have their ranges.
BOOST_AUTO_TEST_CASE(ports_and_percents) {
  const EbpfConfig config = config_of(R"({"network": {"ports": [80, 65535]}})");
  BOOST_TEST((config.network.ports == std::vector<std::uint16_t>{80, 65535}));
  BOOST_TEST(error_of(R"({"network": {"ports": [80, 65536]}})").find("network.ports") !=
             std::string::npos);
  BOOST_TEST(
      config_of(R"({"memory": {"max_overhead_percent": 2.5}})").memory.overhead_limit_percent() ==
      2.5);
  BOOST_TEST(
      config_of(R"({"memory": {"max_overhead_percent": null}})").memory.overhead_limit_percent() ==
      40);
  BOOST_TEST(error_of(R"({"memory": {"max_overhead_percent": -0.5}})").find("not from 0 to") !=
             std::string::npos);
  BOOST_TEST(error_of(R"({"memory": {"max_overhead_percent": 1000001}})").find("not from 0 to") !=
             std::string::npos);
}

// A list of what could be said is in the plural.
BOOST_AUTO_TEST_CASE(choices_are_listed) {
  const auto hint_of = [](const auto& parsed) { return parsed ? "" : parsed.error().hint; };
  BOOST_TEST(hint_of(sonde::config::network_family("ipv5")) ==
             "The families are ipv4, ipv6, unix, 4 and 6");
  BOOST_TEST(hint_of(sonde::config::check_network_protocol("sctp")) ==
             "The protocols are tcp, udp and unix");
}
