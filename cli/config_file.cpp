#include "config_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "config/json.hpp"
#include "util/fail.hpp"
#include "util/unique_fd.hpp"

namespace sonde::cli {
Result<std::string> read_config_text(const std::string& path) {
  const bool is_stdin = path == "-";
  const UniqueFd fd(is_stdin ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                             : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd) return fail_errno(ErrorCode::ConfigError, path);
  std::string text;
  std::array<char, 65536> chunk;
  // One byte more than the reader accepts is enough for it to refuse.
  while (text.size() <= config::kMaxConfigBytes) {
    const ssize_t got = ::read(fd.get(), chunk.data(), chunk.size());
    if (got == 0) return text;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(ErrorCode::ConfigError, path);
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return text;
}

Result<std::vector<std::string>> overlay_config_file(const std::string& path, EbpfConfig& config) {
  const auto text = read_config_text(path);
  if (!text) return tl::unexpected(text.error());
  auto set = config::overlay_json(*text, config);
  if (!set) set.error().what = fmt::format("{}: {}", path, set.error().what);
  return set;
}

}  // namespace sonde::cli
