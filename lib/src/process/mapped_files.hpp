// One open descriptor for each mapped file, however many processes map it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "process/mapping.hpp"

namespace sonde::process {

/// Where a process maps a file: the key of its link in /proc/PID/map_files.
struct MappedAt {
  std::int32_t pid = 0;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
};

class MappedFiles {
 public:
  explicit MappedFiles(std::string root);

  /// The shared file of this identity, opened through the process if it is not open yet.
  std::shared_ptr<const MappedFile> get(const FileId& id, const std::string& path,
                                        const MappedAt& at);

  /// Whether another descriptor may be kept open: up to a quarter of RLIMIT_NOFILE, since a session
  /// has two of these, and half is left to the rest of the program.
  bool may_keep_open() const noexcept;
  /// Wraps a descriptor so that it counts until it is closed.
  std::shared_ptr<const UniqueFd> keep_open(UniqueFd fd);

  /// Drops the entries that no mapping holds any more.
  void forget_unused();

 private:
  UniqueFd open(const FileId& id, const std::string& path, const MappedAt& at) const;

  std::string root_;
  std::size_t most_open_;
  std::shared_ptr<std::size_t> open_count_ = std::make_shared<std::size_t>(0);
  std::map<FileId, std::weak_ptr<MappedFile>> files_;
};

/// Opens by name a file that was left unopened for want of descriptors; empty if the name now leads
/// elsewhere.
UniqueFd reopen(const MappedFile& file, const std::string& root);

}  // namespace sonde::process
