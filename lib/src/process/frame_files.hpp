// The files that frames name by number (unwind_event.h).
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "process/mapping.hpp"

namespace sonde::process {

/// Numbers are never given twice, so a frame keeps its meaning after its process, and even its
/// file, has gone. Thread-safe.
class FrameFiles {
 public:
  /// `file` is null for the vDSO. Nothing if all numbers are given away.
  std::optional<std::uint32_t> add(std::shared_ptr<const MappedFile> file);

  /// Whether a frame is a place in a file, whichever process runs it.
  static bool names_file(std::uint64_t frame) noexcept;

  struct Place {
    std::shared_ptr<const MappedFile> file;  // null for the vDSO
    std::uint64_t offset = 0;                // in the file
  };
  /// Nothing if the frame is an address of its process, or names no known file.
  std::optional<Place> find(std::uint64_t frame) const;

 private:
  mutable std::mutex lock_;
  std::vector<std::shared_ptr<const MappedFile>> files_;
};

}  // namespace sonde::process
