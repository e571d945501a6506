// Writes a hand-made result in the format its argument names, for tests that hand it to another
// program.
#include <unistd.h>

#include <cstdio>
#include <string_view>

#include "render/renderer.hpp"
#include "sample_reports.hpp"
#include "sink/fd_sink.hpp"

int main(int argc, char** argv) {
  const auto* entry = argc == 3 ? sonde::render::find_renderer(argv[2]) : nullptr;
  if (entry == nullptr) {
    std::fputs("usage: render_sample cpu|hostile|memory FORMAT\n", stderr);
    return 2;
  }
  const std::string_view name = argv[1];
  const sonde::Report report = name == "hostile"  ? sonde::test::hostile_report()
                               : name == "memory" ? sonde::test::memory_report()
                                                  : sonde::test::cpu_report();
  sonde::sink::FdSink sink(STDOUT_FILENO, "stdout");
  const auto renderer = entry->make(sink, {});
  const bool done = renderer->begin(report.header) && renderer->finish(report) && sink.commit();
  return done ? 0 : 1;
}
