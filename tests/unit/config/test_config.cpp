#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <limits>
#include <sonde/config.hpp>

#include "config/network_names.hpp"

using sonde::EbpfConfig;
using sonde::ErrorCode;
using namespace std::chrono_literals;

// A default config holds the values that the v0.1 migration guide documents.
BOOST_AUTO_TEST_CASE(defaults_are_those_of_the_migration_guide) {
  const EbpfConfig config;
  BOOST_TEST(config.enable_cpu_profiling);
  BOOST_TEST(!config.enable_network_tracing);
  BOOST_TEST(!config.enable_syscall_tracing);
  BOOST_TEST(!config.enable_memory_tracing);
  BOOST_TEST(config.sample_rate == 99u);
  BOOST_TEST((config.duration == 60s));
  BOOST_TEST(config.max_samples == 100'000u);
  BOOST_TEST(config.target.whole_system());
  BOOST_TEST(config.validate().has_value());
}

// Every setter changes its own field and returns the same object, so calls chain.
BOOST_AUTO_TEST_CASE(setters_chain) {
  EbpfConfig config;
  sonde::Target target;
  target.comm = "nginx";
  sonde::CpuOptions cpu;
  cpu.kernel_stacks = false;
  bool logged = false;
  EbpfConfig& same = config.with_sample_rate(7)
                         .with_duration(3s)
                         .with_cpu_profiling(false)
                         .with_network_tracing(true)
                         .with_syscall_tracing(true)
                         .with_memory_tracing(true)
                         .with_max_samples(11)
                         .with_target(target)
                         .with_cpu_options(cpu)
                         .with_disabled_features({"btf"})
                         .with_log([&](sonde::LogLevel, std::string_view) { logged = true; });
  BOOST_TEST(&same == &config);
  BOOST_TEST(config.sample_rate == 7u);
  BOOST_TEST((config.duration == 3s));
  BOOST_TEST(!config.enable_cpu_profiling);
  BOOST_TEST(config.enable_network_tracing);
  BOOST_TEST(config.enable_syscall_tracing);
  BOOST_TEST(config.enable_memory_tracing);
  BOOST_TEST(config.max_samples == 11u);
  BOOST_TEST(config.target.comm == "nginx");
  BOOST_TEST(!config.target.whole_system());
  BOOST_TEST(!config.cpu.kernel_stacks);
  BOOST_TEST(config.disabled_features.size() == 1u);
  config.log(sonde::LogLevel::info, "");
  BOOST_TEST(logged);
}

// validate() accepts both ends of each range and refuses the values next to them, naming field,
// value and range.
BOOST_AUTO_TEST_CASE(validate_holds_the_ranges) {
  const auto message = [](const EbpfConfig& config) {
    const auto checked = config.validate();
    if (checked) return std::string("valid");
    BOOST_TEST((checked.error().code == ErrorCode::ConfigError));
    return checked.error().message();
  };
  BOOST_TEST(message(EbpfConfig().with_sample_rate(1)) == "valid");
  BOOST_TEST(message(EbpfConfig().with_sample_rate(1000)) == "valid");
  BOOST_TEST(message(EbpfConfig().with_sample_rate(0)) ==
             "sample_rate is 0, but must be from 1 to 1000");
  BOOST_TEST(message(EbpfConfig().with_sample_rate(1001)) ==
             "sample_rate is 1001, but must be from 1 to 1000");
  BOOST_TEST(message(EbpfConfig().with_max_samples(1)) == "valid");
  BOOST_TEST(message(EbpfConfig().with_max_samples(10'000'000)) == "valid");
  BOOST_TEST(message(EbpfConfig().with_max_samples(0)) ==
             "max_samples is 0, but must be from 1 to 10000000");
  BOOST_TEST(message(EbpfConfig().with_max_samples(10'000'001)) ==
             "max_samples is 10000001, but must be from 1 to 10000000");
  BOOST_TEST(message(EbpfConfig().with_duration(1ns)) == "valid");
  BOOST_TEST(message(EbpfConfig().with_duration(0ns)) ==
             "duration is 0 ns, but must be above zero");
  BOOST_TEST(message(EbpfConfig().with_duration(-1ns)) ==
             "duration is -1 ns, but must be above zero");
}

// The settings of system calls have their ranges, too.
BOOST_AUTO_TEST_CASE(validate_holds_the_ranges_of_system_calls) {
  const auto message = [](auto change) {
    sonde::SyscallOptions options;
    change(options);
    const auto checked = EbpfConfig().with_syscall_options(options).validate();
    return checked ? std::string("valid") : checked.error().message();
  };
  BOOST_TEST(message([](auto&) {}) == "valid");
  BOOST_TEST(message([](auto& o) { o.string_bytes = 0; }) == "valid");
  BOOST_TEST(message([](auto& o) { o.string_bytes = 4096; }) == "valid");
  BOOST_TEST(message([](auto& o) { o.string_bytes = 4097; }) ==
             "syscall.string_bytes is 4097, but must be from 0 to 4096");
  BOOST_TEST(message([](auto& o) { o.ring_bytes = 4096; }) == "valid");
  BOOST_TEST(message([](auto& o) { o.ring_bytes = 4095; }) ==
             "syscall.ring_bytes is 4095, but must be from 4096 to 1073741824");
  BOOST_TEST(message([](auto& o) { o.ring_bytes = (1u << 30) + 1; }) ==
             "syscall.ring_bytes is 1073741825, but must be from 4096 to 1073741824");
  BOOST_TEST(message([](auto& o) { o.min_latency = -1ns; }) ==
             "syscall.min_latency is -1 ns, but must not be negative");
}

// So have those of memory.
BOOST_AUTO_TEST_CASE(validate_holds_the_ranges_of_memory) {
  const auto message = [](auto change) {
    sonde::MemoryOptions options;
    change(options);
    const auto checked = EbpfConfig().with_memory_options(options).validate();
    return checked ? std::string("valid") : checked.error().message();
  };
  BOOST_TEST(message([](auto&) {}) == "valid");
  BOOST_TEST(message([](auto& o) { o.sample_bytes = 1; }) == "valid");
  BOOST_TEST(message([](auto& o) { o.sample_bytes = 0; }) ==
             "memory.sample_bytes is 0, but must be from 1 to 1073741824");
  BOOST_TEST(message([](auto& o) { o.fault_sample_bytes = 0; }) ==
             "memory.fault_sample_bytes is 0, but must be from 1 to 1073741824");
  BOOST_TEST(message([](auto& o) { o.max_stacks = 10'000'000; }) == "valid");
  BOOST_TEST(message([](auto& o) { o.max_stacks = 10'000'001; }) ==
             "memory.max_stacks is 10000001, but must be from 0 to 10000000");
  BOOST_TEST(message([](auto& o) { o.older_than = -1ns; }) ==
             "memory.older_than is -1 ns, but must not be negative");
  BOOST_TEST(message([](auto& o) { o.max_overhead_percent = 1'000'000; }) == "valid");
  for (const double wrong : {-0.5, 1'000'001.0, std::numeric_limits<double>::quiet_NaN()}) {
    BOOST_TEST(
        message([&](auto& o) { o.max_overhead_percent = wrong; }) ==
        fmt::format("memory.max_overhead_percent is {}, but must be from 0 to 1000000", wrong));
  }
}

// Those of the network, of live events, and of debuginfod.
BOOST_AUTO_TEST_CASE(validate_holds_the_other_ranges) {
  sonde::NetworkOptions network;
  network.ring_bytes = 4095;
  BOOST_TEST(EbpfConfig().with_network_options(network).validate().error().message() ==
             "network.ring_bytes is 4095, but must be from 4096 to 1073741824");
  network = {};
  network.max_connections = 0;
  BOOST_TEST(EbpfConfig().with_network_options(network).validate().error().message() ==
             "network.max_connections is 0, but must be from 1 to 10000000");
  sonde::EventOptions events;
  events.capacity = 0;
  BOOST_TEST(EbpfConfig().with_event_options(events).validate().error().message() ==
             "events.capacity is 0, but must be from 1 to 16777216");
  sonde::SymbolOptions symbols;
  symbols.debuginfod_timeout = 0ns;
  BOOST_TEST(EbpfConfig().with_symbol_options(symbols).validate().error().message() ==
             "symbols.debuginfod_timeout is 0 ns, but must be above zero");
}

// So have the settings of unwinding.
BOOST_AUTO_TEST_CASE(validate_holds_the_range_of_unwind_tables) {
  sonde::UnwindOptions options;
  options.table_bytes = 65536;
  BOOST_TEST(EbpfConfig().with_unwind_options(options).validate().has_value());
  options.table_bytes = 65535;
  BOOST_TEST(EbpfConfig().with_unwind_options(options).validate().error().message() ==
             "unwind.table_bytes is 65535, but must be from 65536 to 1073741824");
}

// Names of protocols and address families, as flags and files give them.
BOOST_AUTO_TEST_CASE(names_of_the_network) {
  BOOST_TEST(sonde::config::check_network_protocol("udp").has_value());
  BOOST_TEST(sonde::config::check_network_protocol("upd").error().message().find("udp") !=
             std::string::npos);
  BOOST_TEST(sonde::config::network_family("6").value() == "ipv6");
  BOOST_TEST(!sonde::config::network_family("5"));
}

// An interval is zero, that is none, or more.
BOOST_AUTO_TEST_CASE(validate_refuses_negative_intervals) {
  sonde::OutputSettings output;
  output.interval = 1ns;
  BOOST_TEST(EbpfConfig().with_output_settings(output).validate().has_value());
  output.interval = -1ns;
  BOOST_TEST(EbpfConfig().with_output_settings(output).validate().error().message() ==
             "output.interval is -1 ns, but must not be negative");
}

// The configurations of the v0.1 migration guide, as they are written in C++.
BOOST_AUTO_TEST_CASE(examples_of_the_migration_guide) {
  const auto chained = EbpfConfig{}.with_sample_rate(99).with_duration(60s);
  BOOST_TEST(chained.sample_rate == 99u);
  BOOST_TEST((chained.duration == 60s));
  const auto recommended = sonde::create_recommended_config("development");
  BOOST_TEST(recommended.sample_rate == 99u);
  const auto network = sonde::create_recommended_config("development").with_network_tracing(true);
  BOOST_TEST(network.enable_network_tracing);
  BOOST_TEST(network.validate().has_value());
  const auto staged = EbpfConfig()
                          .with_sample_rate(sonde::recommended_sample_rate("staging"))
                          .with_duration(sonde::recommended_duration("staging"));
  BOOST_TEST(staged.sample_rate == 49u);
  BOOST_TEST((staged.duration == 120s));
}

// A text becomes a configuration over the defaults, and back; a wrong one is an error.
BOOST_AUTO_TEST_CASE(json_of_the_public_interface) {
  const auto config =
      sonde::config_from_json(R"({"sample_rate": 7, "output": {"format": "json"}})");
  BOOST_TEST_REQUIRE(config.has_value());
  BOOST_TEST(config->sample_rate == 7u);
  BOOST_TEST(config->output.format == "json");
  BOOST_TEST(config->max_samples == 100'000u);
  const std::string text = sonde::config_to_json(*config);
  BOOST_TEST(sonde::config_to_json(sonde::config_from_json(text).value()) == text);
  BOOST_TEST(sonde::config_from_json(R"({"sample_rate": 0})").error().message() ==
             "sample_rate is 0, but must be from 1 to 1000");
}

// The free function gives the same verdict as the member.
BOOST_AUTO_TEST_CASE(validate_config_is_validate) {
  BOOST_TEST(sonde::validate_config(EbpfConfig()).has_value());
  const EbpfConfig bad = EbpfConfig().with_sample_rate(0);
  BOOST_TEST(sonde::validate_config(bad).error().what == bad.validate().error().what);
}
