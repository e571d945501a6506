#include "progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "terminal.hpp"
#include "util/duration.hpp"
#include "util/text.hpp"

namespace sonde::cli {
namespace {

constexpr const char* kEraseLine = "\r\x1b[K";  // ECMA-48 EL

}  // namespace

Progress::Progress(bool wanted)
    : enabled_(wanted && is_terminal(STDERR_FILENO) && understands_escapes()) {
}

void Progress::show(std::chrono::nanoseconds elapsed, std::optional<std::chrono::nanoseconds> whole,
                    const Accounting& books) {
  if (!enabled_) return;
  const std::string line = fmt::format("sonde: {}", progress_text(elapsed, whole, books));
  // A line that fills the terminal would wrap, and could then not be erased.
  const std::size_t width = terminal_width(STDERR_FILENO);
  fmt::print(stderr, "{}{}", kEraseLine, text::fit(line, width > 0 ? width - 1 : 0));
  std::fflush(stderr);
  shown_ = true;
}

void Progress::erase() {
  if (!shown_) return;
  std::fputs(kEraseLine, stderr);
  std::fflush(stderr);
  shown_ = false;
}

std::string progress_text(std::chrono::nanoseconds elapsed,
                          std::optional<std::chrono::nanoseconds> whole, const Accounting& books) {
  using std::chrono::duration_cast;
  using std::chrono::seconds;
  std::string text = fmt::format("{}s", duration_cast<seconds>(elapsed).count());
  if (whole) text += fmt::format(" of {}", format_duration(*whole));
  return text + fmt::format(", {} events, {} lost", books.seen, books.lost_total());
}

}  // namespace sonde::cli
