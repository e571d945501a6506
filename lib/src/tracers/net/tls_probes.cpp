#include "tracers/net/tls_probes.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "elf/image.hpp"
#include "probe/return_sites.hpp"
#include "probe/site.hpp"
#include "shared/http_event.h"
#include "util/unique_fd.hpp"

namespace sonde::tracers {
namespace {

struct TlsFunction {
  std::string_view name;
  std::uint64_t cookie;
  unsigned arguments;
};

constexpr std::array kFunctions = {
    TlsFunction{"SSL_read", SONDE_TLS_RECEIVES, 3},
    TlsFunction{"SSL_write", SONDE_TLS_SENDS, 3},
    TlsFunction{"SSL_read_ex", SONDE_TLS_RECEIVES | SONDE_TLS_SAYS_MOVED, 4},
    TlsFunction{"SSL_write_ex", SONDE_TLS_SENDS | SONDE_TLS_SAYS_MOVED, 4},
    TlsFunction{"SSL_free", SONDE_TLS_ENDS, 1},
};

// Where distributions keep libraries.
constexpr std::array kLibraries = {"/lib/*/libssl.so.*", "/usr/lib/*/libssl.so.*",
                                   "/lib64/libssl.so.*", "/usr/lib64/libssl.so.*",
                                   "/usr/local/lib*/libssl.so.*"};

const TlsFunction* known_function(std::string_view name) {
  const auto found = std::ranges::find(kFunctions, name, &TlsFunction::name);
  return found == kFunctions.end() ? nullptr : &*found;
}

std::vector<std::string> system_libraries() {
  std::vector<std::string> paths;
  for (const char* pattern : kLibraries) {
    glob_t found{};
    if (::glob(pattern, 0, nullptr, &found) == 0)
      paths.insert(paths.end(), found.gl_pathv, found.gl_pathv + found.gl_pathc);
    ::globfree(&found);
  }
  return paths;
}

}  // namespace

TlsSites find_tls_sites(int fd) {
  TlsSites sites;
  const auto image = elf::Image::open(ByteSource(fd));
  if (!image) return sites;
  const auto functions = probe::find_functions(
      *image, [](std::string_view name) { return known_function(name) != nullptr; });
  for (const probe::Function& function : functions) {
    const TlsFunction& known = *known_function(function.name);
    const auto enter = probe::find_site(*image, function, {known.arguments, false});
    if (!enter) {
      sites.left_out.push_back(function.name);
      continue;
    }
    if (known.cookie != SONDE_TLS_ENDS) {
      const auto returns = probe::find_return_sites(*image, function);
      if (!returns || returns->empty()) {
        sites.left_out.push_back(function.name);
        continue;
      }
      for (const probe::Site& site : *returns)
        sites.leaves.push_back({site.file_offset, known.cookie});
    }
    sites.enters.push_back({enter->file_offset, known.cookie});
  }
  return sites;
}

TlsProbes::TlsProbes(TargetFilter filter) : watch_(std::move(filter)) {
}

Result<void> TlsProbes::attach_file(int fd, const std::string& name) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !known_.emplace(status.st_dev, status.st_ino).second) return {};
  const TlsSites sites = find_tls_sites(fd);
  for (const std::string& function : sites.left_out)
    left_out_.insert(fmt::format("{} of {}", function, name));
  if (sites.leaves.empty()) return {};
  const std::string path = fmt::format("/proc/self/fd/{}", fd);
  const auto attach = [&](int program, const std::vector<core::UprobePoint>& points) {
    return links_.attach(program, core::kUprobeMultiAttachType, path, 0, points);
  };
  // The ends first: a call whose end is not seen tells nothing.
  if (auto refused = attach(leave_fd_, sites.leaves); !refused)
    return tl::unexpected(refused.error());
  if (auto refused = attach(enter_fd_, sites.enters); !refused)
    return tl::unexpected(refused.error());
  ++files_;
  return {};
}

Result<void> TlsProbes::attach(int enter_fd, int leave_fd) {
  enter_fd_ = enter_fd;
  leave_fd_ = leave_fd;
  for (const std::string& path : system_libraries()) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file) continue;
    if (auto attached = attach_file(file.get(), path); !attached) return attached;
  }
  return look();
}

Result<void> TlsProbes::look() {
  for (const CodeUse& use : watch_.look()) {
    if (!use.file->fd) continue;
    if (auto attached = attach_file(use.file->fd.get(), use.file->path); !attached) return attached;
  }
  return {};
}

}  // namespace sonde::tracers
