// Two tracers at once, each with its own configuration, and what they cost.
#include <chrono>
#include <cstdio>
#include <thread>

#include <sonde/sonde.hpp>

namespace {

void print_overhead(const char* name, const sonde::Overhead& overhead) {
  std::printf("%s: %.2f %% CPU, %.1f MB\n", name, overhead.cpu_percent,
              static_cast<double>(overhead.memory_bytes) / 1e6);
}

int failed(const sonde::Error& error) {
  std::fprintf(stderr, "%s\n", error.message().c_str());
  return 1;
}

}  // namespace

int main() {
  using namespace std::chrono_literals;
  sonde::EbpfCpuProfiler profiler(sonde::create_recommended_config("production"));
  sonde::EbpfSyscallTracer tracer(sonde::EbpfConfig{}.with_syscall_tracing(true));
  if (const auto chosen = tracer.filter_syscall("%file", true); !chosen)
    return failed(chosen.error());
  // Both or neither: what can fail happens before anything is attached.
  if (const auto prepared = profiler.prepare(); !prepared) return failed(prepared.error());
  if (const auto prepared = tracer.prepare(); !prepared) return failed(prepared.error());
  if (const auto started = profiler.start(); !started) return failed(started.error());
  if (const auto started = tracer.start(); !started) return failed(started.error());

  std::this_thread::sleep_for(500ms);
  print_overhead("cpu", profiler.get_overhead());
  print_overhead("syscall", tracer.get_overhead());

  const auto calls = tracer.stop();
  const auto samples = profiler.stop();
  if (!calls) return failed(calls.error());
  if (!samples) return failed(samples.error());
  const sonde::SyscallStatistics statistics = tracer.get_stats();
  std::printf("%llu system calls of %llu kinds, %llu failed\n",
              static_cast<unsigned long long>(statistics.syscalls_traced),
              static_cast<unsigned long long>(statistics.unique_syscalls),
              static_cast<unsigned long long>(statistics.errors));
}
