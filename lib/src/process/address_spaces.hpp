// Remembers the executable mappings of every process of interest over time, including processes
// that have exited.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "process/mapping.hpp"

namespace sonde::process {

/// A side-band record of the kernel (PERF_RECORD_MMAP2) for an executable mapping.
struct MmapEvent {
  std::int32_t pid = 0;
  std::uint64_t time_ns = 0;
  std::uint64_t start = 0;
  std::uint64_t length = 0;
  std::uint64_t file_offset = 0;
  FileId file;
  std::string_view path;  // "[vdso]", "//anon" and the like for mappings without a file
};

/// Thread-safe: a session's reader thread feeds it while another thread symbolizes. Times are
/// CLOCK_MONOTONIC nanoseconds.
class AddressSpaces {
 public:
  /// `root` is prefixed to /proc and to file names: "" on a live system, a fake tree in tests.
  explicit AddressSpaces(const std::string& root = {});
  ~AddressSpaces();
  AddressSpaces(AddressSpaces&&) noexcept;
  AddressSpaces& operator=(AddressSpaces&&) noexcept;

  /// First sight of a process: reads /proc/PID/maps and opens the executable files in it, once for
  /// each program image (exec starts a new one). Cheap when already known. A process that has gone
  /// keeps what side-band records told.
  void observe(std::int32_t pid, std::uint64_t time_ns) noexcept;

  void on_mmap(const MmapEvent& event) noexcept;
  /// The child starts with a copy of its parent's mappings.
  void on_fork(std::int32_t parent, std::int32_t child, std::uint64_t time_ns) noexcept;
  void on_exec(std::int32_t pid, std::uint64_t time_ns) noexcept;
  void on_exit(std::int32_t pid, std::uint64_t time_ns) noexcept;

  /// The mapping that held `address` in the image that `pid` ran at `time_ns`, if one is known.
  std::optional<Mapping> find(std::int32_t pid, std::uint64_t time_ns,
                              std::uint64_t address) const noexcept;

  /// What `pid` maps now, by address and without overlap; of two that overlap the newer one.
  std::vector<Mapping> mappings(std::int32_t pid) const;
  /// From now on changes of what `pid` maps, its exec and its exit are told by take_changed(), once
  /// each time; until it exits.
  void watch(std::int32_t pid);
  struct Change {
    std::int32_t pid = 0;
    bool is_over = false;  // the process, or the program that it ran
  };
  std::vector<Change> take_changed();

  /// Open descriptor of the process's perf map (perf_map_file.hpp), or -1. Kept open from first
  /// sight of an anonymous executable mapping, so it outlives the process; later appends are seen
  /// through it.
  int perf_map_fd(std::int32_t pid, std::uint64_t time_ns) const noexcept;

  /// Number of processes that had gone before anything was known of them.
  std::uint64_t missed_processes() const noexcept;
  /// Number of processes whose /proc/PID/maps may not be read (needs CAP_SYS_PTRACE).
  std::uint64_t unreadable_processes() const noexcept;
  /// Number of processes whose perf map someone else wrote, so that it was not read.
  std::uint64_t foreign_perf_maps() const noexcept;
  /// Forgets the images that ended before `time_ns` without having been observed: no stack refers
  /// to them. A machine that starts thousands of processes a second would fill memory with them.
  void forget_unobserved(std::uint64_t time_ns) noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sonde::process
