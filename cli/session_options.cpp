#include "session_options.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <tuple>
#include <utility>

#include "arguments.hpp"
#include "config/limits.hpp"
#include "config/recommended.hpp"
#include "config_file.hpp"
#include "flag_values.hpp"

namespace sonde::cli {
namespace {

using std::chrono::nanoseconds;

constexpr const char* kWhen = "How long and how often";
constexpr const char* kWhat = "What to record";

std::uint64_t online_cpus() {
  const long count = ::sysconf(_SC_NPROCESSORS_ONLN);
  return count > 0 ? static_cast<std::uint64_t>(count) : 1;
}

}  // namespace

void SessionOptions::add_to(CLI::App& app) {
  target.add_to(app);
  const auto latest = CLI::MultiOptionPolicy::TakeLast;
  app.add_option("-d,--duration", duration, "Stop after TIME (default: 60s; COMMAND: at its end)")
      ->type_name("TIME")
      ->multi_option_policy(latest)
      ->group(kWhen);
  app.add_option("-i,--interval", interval, "Also report every TIME while running")
      ->type_name("TIME")
      ->multi_option_policy(latest)
      ->group(kWhen);
  if (samples) {
    app.add_option("-F,--frequency", frequency,
                   "Samples a second on each CPU, 1 to 1000 (default: 99)")
        ->type_name("HZ")
        ->multi_option_policy(latest)
        ->group(kWhat);
    app.add_option("--max-samples", max_samples,
                   "Stop recording after N samples (default: what rate and duration need)")
        ->type_name("N")
        ->multi_option_policy(latest)
        ->group(kWhat);
  }
  std::string recommended =
      samples
          ? "Recommended settings: 19 Hz for 300s, 49 Hz for 120s, 99 Hz for 60s, 199 Hz for 30s"
          : "Recommended durations: 300s, 120s, 60s, 30s";
  if (memory) recommended += "; and how memory is sampled, at what cost";
  app.add_option("--env", environment, recommended)
      ->type_name("production|staging|development|debug")
      ->multi_option_policy(latest)
      ->group(kWhat);
  app.add_option("-c,--config", config_file, "Settings from a JSON file; flags override them")
      ->type_name("FILE")
      ->multi_option_policy(latest)
      ->group(kWhat);
  app.add_flag("--fail-on-loss", fail_on_loss, "Exit with status 4 if a single event was lost")
      ->group(kWhat);
  app.add_option("--no-feature", no_features, "Treat a kernel feature as absent")
      ->type_name("NAME")
      ->allow_extra_args(false)
      ->group("");
}

Result<void> SessionOptions::apply_environment(SessionRequest& request) const {
  if (environment.empty()) return {};
  auto recommended = recommended_config(environment);
  if (!recommended) return for_flag("--env", recommended.error());
  request.config = std::move(*recommended);
  for (const std::string_view path : config::recommended_settings())
    request.sources[std::string(path)] = "--env " + environment;
  return {};
}

Result<void> SessionOptions::apply_file(SessionRequest& request) const {
  if (config_file.empty()) return {};
  const auto set = overlay_config_file(config_file, request.config);
  if (!set) return tl::unexpected(set.error());
  for (const std::string& path : *set)
    request.sources[path] = config_file;
  return {};
}

Result<void> SessionOptions::apply_flags(SessionRequest& request) const {
  EbpfConfig& config = request.config;
  if (auto applied = target.apply(config.target); !applied) return applied;
  if (!duration.empty()) {
    const auto time = parse_time("--duration", duration);
    if (!time) return tl::unexpected(time.error());
    config.duration = *time;
  }
  if (!interval.empty()) {
    const auto time = parse_time("--interval", interval);
    if (!time) return tl::unexpected(time.error());
    config.output.interval = *time;
  }
  if (!frequency.empty()) {
    const auto rate = parse_count("--frequency", frequency, config::kSampleRate);
    if (!rate) return tl::unexpected(rate.error());
    config.sample_rate = static_cast<std::uint32_t>(*rate);
  }
  if (!max_samples.empty()) {
    const auto count = parse_count("--max-samples", max_samples, config::kMaxSamples);
    if (!count) return tl::unexpected(count.error());
    config.max_samples = *count;
  }
  config.disabled_features.insert(config.disabled_features.end(), no_features.begin(),
                                  no_features.end());
  if (fail_on_loss) config.output.fail_on_loss = true;
  for (const auto& [path, flag, given] :
       {std::tuple("target.pids", "--pid", !target.pids.empty()),
        std::tuple("target.comm", "--comm", !target.comm.empty()),
        std::tuple("target.cgroup", "--cgroup", !target.cgroup.empty()),
        std::tuple("target.container", "--container", !target.container.empty()),
        std::tuple("duration", "--duration", !duration.empty()),
        std::tuple("sample_rate", "--frequency", !frequency.empty()),
        std::tuple("max_samples", "--max-samples", !max_samples.empty()),
        std::tuple("output.interval", "--interval", !interval.empty()),
        std::tuple("output.fail_on_loss", "--fail-on-loss", fail_on_loss),
        std::tuple("disabled_features", "--no-feature", !no_features.empty())}) {
    if (given) request.sources[path] = flag;
  }
  return {};
}

Result<SessionRequest> SessionOptions::resolve(bool launches) const {
  SessionRequest request;
  for (const auto apply : {&SessionOptions::apply_environment, &SessionOptions::apply_file,
                           &SessionOptions::apply_flags}) {
    if (auto applied = (this->*apply)(request); !applied)
      return tl::unexpected(std::move(applied.error()));
  }
  EbpfConfig& config = request.config;
  const auto chosen = [&](const char* path) { return request.sources.contains(path); };
  if (chosen("duration") || !launches) request.duration = config.duration;
  if (!request.duration) request.sources["duration"] = "default, unused: until COMMAND ends";
  if (!chosen("max_samples")) {
    config.max_samples = std::max(
        config.max_samples, samples_needed(config.sample_rate, online_cpus(), request.duration));
    request.sources["max_samples"] = "default: what rate, CPUs and duration need";
  }
  if (config.output.interval.count() > 0) request.interval = config.output.interval;
  request.fail_on_loss = config.output.fail_on_loss;
  return request;
}

std::uint64_t samples_needed(std::uint32_t rate, std::uint64_t cpus,
                             std::optional<nanoseconds> duration) {
  if (!duration) return config::kMaxSamples.most;
  // Sampling goes on while the session attaches and detaches.
  constexpr double kMargin = 1;
  const double seconds = std::chrono::duration<double>(*duration).count() + kMargin;
  const double needed = seconds * rate * static_cast<double>(cpus);
  return static_cast<std::uint64_t>(
      std::min(needed, static_cast<double>(config::kMaxSamples.most)));
}

}  // namespace sonde::cli
