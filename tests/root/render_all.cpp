// Traces the whole system once and writes that one report in every format, so that a test can
// compare what the formats say: render_all MILLISECONDS FOLDER
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <sonde/cpu_profiler.hpp>
#include <string>
#include <thread>

#include "render/renderer.hpp"
#include "sink/file_sink.hpp"

namespace {

sonde::Result<void> write(const sonde::Report& report, const sonde::render::RendererEntry& format,
                          const std::string& folder) {
  auto sink = sonde::sink::FileSink::open(fmt::format("{}/report.{}", folder, format.name));
  if (!sink) return tl::unexpected(sink.error());
  const auto renderer = format.make(**sink, {.top = 0});
  if (auto begun = renderer->begin(report.header); !begun) return begun;
  if (auto finished = renderer->finish(report); !finished) return finished;
  return (*sink)->commit();
}

sonde::Result<void> trace(std::chrono::milliseconds duration, const std::string& folder) {
  sonde::EbpfCpuProfiler profiler(sonde::EbpfConfig().with_sample_rate(997));
  if (auto started = profiler.start(); !started) return started;
  std::this_thread::sleep_for(duration);
  const auto report = profiler.stop();
  if (!report) return tl::unexpected(report.error());
  for (const auto* format : sonde::render::all_renderers()) {
    if (auto written = write(*report, *format, folder); !written) return written;
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const auto done = trace(std::chrono::milliseconds(std::atoi(argv[1])), argv[2]);
  if (!done) fmt::print(stderr, "{}\n", done.error().message());
  return done ? 0 : 1;
}
