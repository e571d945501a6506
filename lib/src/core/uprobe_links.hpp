// Many breakpoints of one file: as one link, attached and detached together, where the kernel has
// such; else one by one. Gone with their descriptors when the process that holds them is killed.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <sonde/error.hpp>
#include "util/unique_fd.hpp"

namespace sonde::core {

/// enum bpf_attach_type of Linux 6.6 and 6.13, which a program must be loaded with. Debian 12's
/// linux/bpf.h ends before them.
inline constexpr unsigned kUprobeMultiAttachType = 48;
inline constexpr unsigned kUprobeSessionAttachType = 57;
/// A program of no such type: each breakpoint is a perf event (uprobe_events.hpp).
inline constexpr unsigned kUprobeEventAttachType = 0;

struct UprobePoint {
  /// In the file.
  std::uint64_t offset = 0;
  /// What bpf_get_attach_cookie() gives at this point.
  std::uint64_t cookie = 0;
};

/// Which end of a function a link is for; a session has both.
enum class UprobeEnd { entry, return_ };

/// Descriptor of a program for such links that does nothing, and in a session does not wait for the
/// return; empty, with errno, if it cannot be loaded.
UniqueFd load_empty_uprobe_program(unsigned attach_type = kUprobeMultiAttachType) noexcept;
/// Whether the kernel has links of this type. Attaches nothing.
bool has_uprobe_links(unsigned attach_type) noexcept;

/// Not thread-safe.
class UprobeLinks {
 public:
  UprobeLinks() = default;
  UprobeLinks(const UprobeLinks&) = delete;
  UprobeLinks& operator=(const UprobeLinks&) = delete;
  ~UprobeLinks() { detach(); }

  /// Breakpoints at `points` of the file at `path`, in the process `pid` or, if it is 0, in all
  /// that map the file. `attach_type` is the one the program was loaded with. Gives the points that
  /// the kernel refuses for what is there, such as an instruction with a lock prefix; AttachFailed
  /// or InsufficientPermissions for every other failure, and then nothing new is attached.
  Result<std::vector<UprobePoint>> attach(int program_fd, unsigned attach_type,
                                          const std::string& path, pid_t pid,
                                          std::span<const UprobePoint> points,
                                          UprobeEnd end = UprobeEnd::entry);
  void detach() noexcept;

 private:
  std::vector<UniqueFd> links_;
};

}  // namespace sonde::core
