#include "tracers/net/tls_probes.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>

#include "elf/image.hpp"
#include "probe/forwarding.hpp"
#include "probe/return_sites.hpp"
#include "probe/site.hpp"
#include "shared/http_event.h"
#include "unwind/code_ranges.hpp"
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
    TlsFunction{"gnutls_record_recv", SONDE_TLS_RECEIVES, 3},
    TlsFunction{"gnutls_record_recv_seq", SONDE_TLS_RECEIVES, 4},
    TlsFunction{"gnutls_record_send", SONDE_TLS_SENDS | SONDE_TLS_RESUMES, 3},
    TlsFunction{"gnutls_record_send2", SONDE_TLS_SENDS | SONDE_TLS_RESUMES, 5},
    TlsFunction{"gnutls_deinit", SONDE_TLS_ENDS, 1},
};

// Where distributions keep libraries.
constexpr std::array kFolders = {"/lib/*/", "/usr/lib/*/", "/lib64/", "/usr/lib64/",
                                 "/usr/local/lib*/"};
constexpr std::array kLibraries = {"libssl.so.*", "libgnutls.so.*"};

const TlsFunction* known_function(std::string_view name) {
  const auto found = std::ranges::find(kFunctions, name, &TlsFunction::name);
  return found == kFunctions.end() ? nullptr : &*found;
}

std::vector<std::string> system_libraries() {
  std::vector<std::string> paths;
  for (const char* folder : kFolders) {
    for (const char* library : kLibraries) {
      glob_t found{};
      if (::glob((std::string(folder) + library).c_str(), 0, nullptr, &found) == 0)
        paths.insert(paths.end(), found.gl_pathv, found.gl_pathv + found.gl_pathc);
      ::globfree(&found);
    }
  }
  return paths;
}

// What the programs need to know of a site.
core::UprobePoint point_at(const probe::Site& site, std::uint64_t function) {
  const auto depth = static_cast<std::uint64_t>(site.stack_depth);
  return {site.file_offset, function | depth << SONDE_TLS_DEPTH_SHIFT};
}

// Functions without symbols, which others jump to, have call frame information.
probe::FindCode code_of(const elf::Image& image) {
  return [&image, ranges = std::optional<unwind::CodeRanges>()](
             std::uint64_t address) mutable -> std::optional<probe::Function> {
    if (!ranges) ranges.emplace(image);
    const auto range = ranges->at(address);
    if (!range) return std::nullopt;
    return probe::Function{{}, range->start, range->length};
  };
}

}  // namespace

TlsSites find_tls_sites(int fd) {
  TlsSites sites;
  const auto image = elf::Image::open(ByteSource(fd));
  if (!image) return sites;
  const auto functions = probe::find_functions(
      *image, [](std::string_view name) { return known_function(name) != nullptr; });
  const probe::FindCode find_code = code_of(*image);
  // Several functions may go on to the same code and share its returns.
  std::map<std::uint64_t, core::UprobePoint> leaves;
  for (const probe::Function& function : functions) {
    const TlsFunction& known = *known_function(function.name);
    // What it does is seen there.
    if (known_function(probe::forwards_to(*image, function)) != nullptr) continue;
    const auto enter = probe::find_site(*image, function, {known.arguments, false});
    if (!enter) {
      sites.left_out.push_back(function.name);
      continue;
    }
    if (known.cookie != SONDE_TLS_ENDS) {
      const auto returns = probe::find_return_sites(*image, function, find_code);
      if (!returns || returns->empty()) {
        sites.left_out.push_back(function.name);
        continue;
      }
      for (const probe::Site& site : *returns)
        leaves.emplace(site.file_offset, point_at(site, 0));
    }
    sites.enters.push_back(point_at(*enter, known.cookie));
  }
  for (const auto& [offset, point] : leaves)
    sites.leaves.push_back(point);
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
