// Breakpoints in the TLS libraries of programs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/uprobe_links.hpp"
#include "tracers/code_watch.hpp"

namespace sonde::tracers {

/// Where the functions of a TLS library are to be probed.
struct TlsSites {
  std::vector<core::UprobePoint> enters;
  std::vector<core::UprobePoint> leaves;
  /// Functions whose returns cannot be seen without touching the stack.
  std::vector<std::string> left_out;
};

/// Of the functions of OpenSSL and GnuTLS in this ELF file, be it the library or a program that it
/// was linked into. The cookies are SONDE_TLS_*.
TlsSites find_tls_sites(int fd);

/// Not thread-safe.
class TlsProbes {
 public:
  explicit TlsProbes(TargetFilter filter);

  /// Descriptors of the loaded programs. Probes the libraries of the system, which any program may
  /// map later, and all that the targets map now.
  Result<void> attach(int enter_fd, int leave_fd);
  /// What the targets have mapped since. About once a second.
  Result<void> look();
  void detach() noexcept { links_.detach(); }

  /// Files that are probed.
  std::size_t files() const noexcept { return files_; }
  const std::set<std::string>& left_out() const noexcept { return left_out_; }

 private:
  using FileKey = std::pair<std::uint64_t, std::uint64_t>;  // device, inode

  Result<void> attach_file(int fd, const std::string& name);

  CodeWatch watch_;
  int enter_fd_ = -1;
  int leave_fd_ = -1;
  core::UprobeLinks links_;
  std::set<FileKey> known_;
  std::size_t files_ = 0;
  std::set<std::string> left_out_;
};

}  // namespace sonde::tracers
