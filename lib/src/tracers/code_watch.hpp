// Which files the targets run code of, for tracers that probe functions in them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "process/mapped_files.hpp"
#include "process/mapping.hpp"
#include "tracers/target_filter.hpp"

namespace sonde::tracers {

/// A process that maps a file as code.
struct CodeUse {
  std::int32_t pid = 0;
  /// Its descriptor is empty if the file could not be opened.
  std::shared_ptr<const process::MappedFile> file;
};

/// Not thread-safe.
class CodeWatch {
 public:
  /// `root` is prefixed to /proc and to the names of files.
  explicit CodeWatch(TargetFilter filter, std::string root = {});

  /// The uses that were not there at the last call. Reads /proc/PID/maps of every target: call it
  /// about once a second, or when something was mapped. `more` are targets, too, such as the
  /// descendants of a command. sonde itself is left out.
  std::vector<CodeUse> look(std::span<const std::uint32_t> more = {});
  /// Processes that were targets at an earlier call and have ended, or have become others of the
  /// same number, since the last call of this.
  std::vector<std::int32_t> take_gone();

  std::size_t processes() const noexcept { return processes_.size(); }
  /// Processes whose mappings may not be read.
  std::size_t unreadable() const noexcept { return unreadable_.size(); }

 private:
  struct Process {
    std::uint64_t start_time_ticks = 0;
    std::set<process::FileId> files;
  };
  std::vector<std::int32_t> targets(std::span<const std::uint32_t> more) const;
  void look_at(std::int32_t pid, std::vector<CodeUse>& uses);

  TargetFilter filter_;
  std::string root_;
  process::MappedFiles files_;
  std::map<std::int32_t, Process> processes_;
  std::vector<std::int32_t> gone_;
  std::set<std::int32_t> unreadable_;
};

}  // namespace sonde::tracers
