#include "terminal.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

#include "util/fail.hpp"

namespace sonde::cli {

bool is_terminal(int fd) noexcept {
  return ::isatty(fd) == 1;
}

std::size_t terminal_width(int fd) noexcept {
  if (!is_terminal(fd)) return 0;
  constexpr std::size_t kUnknown = 80;  // a serial console reports no size
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUnknown;
}

bool understands_escapes() noexcept {
  const char* const term = std::getenv("TERM");
  return term != nullptr && *term != '\0' && std::string_view(term) != "dumb";
}

Result<bool> use_color(std::string_view choice, int fd) {
  if (choice == "always") return true;
  if (choice == "never") return false;
  if (choice != "auto") {
    return fail(ErrorCode::ConfigError,
                fmt::format("--color: '{}' is not auto, always or never", choice));
  }
  const char* const no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  return is_terminal(fd) && understands_escapes();
}

}  // namespace sonde::cli
