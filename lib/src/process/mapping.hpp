// What one process maps, as /proc/PID/maps and the kernel's side-band records tell it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "util/unique_fd.hpp"

namespace sonde::process {

/// Identity of a file independent of its name.
struct FileId {
  std::uint64_t device = 0;  // as stat's st_dev
  std::uint64_t inode = 0;
  friend auto operator<=>(const FileId&, const FileId&) = default;
};

/// A mapped file, opened while a process that maps it was alive, so that it can be read after the
/// process, or the file's name, has gone. Shared by all mappings of the same file.
struct MappedFile {
  FileId id;
  /// As the kernel shows it in the process's mount namespace, " (deleted)" included.
  std::string path;
  /// Empty if it could not be opened (permission, or the process was gone first).
  UniqueFd fd;
};

struct Mapping {
  enum class Kind { file, vdso, anonymous, other };
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  /// Offset in the file of the byte at `start`.
  std::uint64_t file_offset = 0;
  Kind kind = Kind::other;
  std::shared_ptr<const MappedFile> file;  // Kind::file only
};

}  // namespace sonde::process
