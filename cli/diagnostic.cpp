#include "diagnostic.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "sink/fd_sink.hpp"
#include "util/text.hpp"

namespace sonde::cli {
namespace {

// A line is one call, so lines of other processes on the same terminal do not cut it. Where stderr
// itself cannot be written there is nobody left to tell.
void write_line(std::string line) {
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace

void say(std::string_view message) {
  write_line(fmt::format("sonde: {}", text::printable(message)));
}

void say(const Error& error) {
  say(error.message());
  std::string_view rest = error.detail;
  while (!rest.empty()) {
    const auto newline = rest.find('\n');
    write_line(fmt::format("  {}", text::printable(rest.substr(0, newline))));
    rest = newline == std::string_view::npos ? std::string_view{} : rest.substr(newline + 1);
  }
}

Result<void> print(std::string_view text) {
  sink::FdSink out(STDOUT_FILENO, "stdout");
  if (auto written = out.write(text); !written) return written;
  return out.commit();
}

}  // namespace sonde::cli
