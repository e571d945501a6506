// A program of someone else's, against the installed library: what it prints is checked.
#include <cstdio>
#include <sonde/sonde.hpp>

namespace {

// Every tracer's class is there, whether or not it may run here.
template <class Tracer>
const char* try_out() {
  Tracer tracer(sonde::EbpfConfig().with_sample_rate(49));
  if (const auto started = tracer.start(); !started) {
    std::fprintf(stderr, "%s\n", started.error().message().c_str());
    return to_string(started.error().code);
  }
  const auto report = tracer.stop();
  return report && report->summary.accounting.at(0).balanced() ? "balanced" : "wrong";
}

}  // namespace

int main() {
  const auto config = sonde::recommended_config("staging");
  if (!config || !config->validate()) return 1;
  const auto read = sonde::config_from_json(sonde::config_to_json(*config));
  if (!read) return 1;
  const auto wrong = sonde::config_from_json("{\"sample_rat\": 49}");
  if (wrong || wrong.error().code != sonde::ErrorCode::ConfigError) return 1;
  const auto support = sonde::EbpfLoader::check_system_support();
  if (!support || support->checks.empty()) return 1;
  std::printf("rate %u\n", read->sample_rate);
  std::printf("cpu %s\n", try_out<sonde::EbpfCpuProfiler>());
  std::printf("net %s\n", try_out<sonde::EbpfNetworkTracer>());
  std::printf("syscall %s\n", try_out<sonde::EbpfSyscallTracer>());
}
