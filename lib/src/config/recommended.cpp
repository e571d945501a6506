#include "config/recommended.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <sonde/config.hpp>

#include "util/fail.hpp"
#include "util/similar.hpp"

namespace sonde {
namespace {

struct Environment {
  std::string_view name;
  std::uint32_t sample_rate;
  std::chrono::seconds duration;
  /// Of MemoryOptions; 0: no limit.
  std::optional<double> max_overhead_percent;
  std::uint64_t sample_bytes;
  std::optional<std::uint64_t> fault_sample_bytes;
  std::uint64_t max_stacks;
  bool page_faults;
};

using std::chrono::seconds;
constexpr Environment kProduction{"production", 19,          seconds(300), 5,
                                  512u << 10,   2048u << 10, 1000,         false};
constexpr Environment kStaging{"staging", 49, seconds(120), 20, 128u << 10, 512u << 10, 1000, true};
constexpr Environment kDevelopment{"development", 99,           seconds(60), std::nullopt,
                                   64u << 10,     std::nullopt, 0,           true};
constexpr Environment kDebug{"debug", 199, seconds(30), 0, 64u << 10, 1, 0, true};

const Environment* find_environment(std::string_view name) {
  if (name == "prod") return &kProduction;
  if (name == "dev") return &kDevelopment;
  for (const Environment* known : {&kProduction, &kStaging, &kDevelopment, &kDebug}) {
    if (known->name == name) return known;
  }
  return nullptr;
}

const Environment& environment_or_development(std::string_view name) {
  const Environment* const found = find_environment(name);
  return found != nullptr ? *found : kDevelopment;
}

EbpfConfig config_for(const Environment& environment) {
  EbpfConfig config;
  config.with_sample_rate(environment.sample_rate).with_duration(environment.duration);
  config.memory.max_overhead_percent = environment.max_overhead_percent;
  config.memory.sample_bytes = environment.sample_bytes;
  config.memory.fault_sample_bytes = environment.fault_sample_bytes;
  config.memory.max_stacks = environment.max_stacks;
  config.memory.page_faults = environment.page_faults;
  return config;
}

// Of config_for().
constexpr std::array<std::string_view, 7> kSettings = {
    "sample_rate",
    "duration",
    "memory.max_overhead_percent",
    "memory.sample_bytes",
    "memory.fault_sample_bytes",
    "memory.max_stacks",
    "memory.page_faults",
};

}  // namespace

std::span<const std::string_view> config::recommended_settings() noexcept {
  return kSettings;
}

Result<EbpfConfig> recommended_config(std::string_view environment) {
  const Environment* const found = find_environment(environment);
  if (found != nullptr) return config_for(*found);
  constexpr std::array kNames = {kProduction.name,         kStaging.name,
                                 kDevelopment.name,        kDebug.name,
                                 std::string_view("prod"), std::string_view("dev")};
  return fail(
      ErrorCode::ConfigError,
      fmt::format("unknown environment '{}'{}", environment, did_you_mean(environment, kNames)),
      "The environments are production, staging, development and debug");
}

EbpfConfig create_recommended_config(std::string_view environment) {
  return config_for(environment_or_development(environment));
}

std::uint32_t recommended_sample_rate(std::string_view environment) {
  return environment_or_development(environment).sample_rate;
}

std::chrono::seconds recommended_duration(std::string_view environment) {
  return environment_or_development(environment).duration;
}

}  // namespace sonde
