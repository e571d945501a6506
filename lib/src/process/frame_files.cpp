#include "process/frame_files.hpp"

#include <utility>

#include "unwind_event.h"

namespace sonde::process {

std::optional<std::uint32_t> FrameFiles::add(std::shared_ptr<const MappedFile> file) {
  const std::lock_guard guard(lock_);
  if (files_.size() > SONDE_FRAME_FILE_MASK) return {};
  files_.push_back(std::move(file));
  return static_cast<std::uint32_t>(files_.size() - 1);
}

bool FrameFiles::names_file(std::uint64_t frame) noexcept {
  return (frame & SONDE_FRAME_IN_FILE) != 0;
}

std::optional<FrameFiles::Place> FrameFiles::find(std::uint64_t frame) const {
  if (!names_file(frame)) return {};
  const std::size_t number = frame >> SONDE_FRAME_FILE_SHIFT & SONDE_FRAME_FILE_MASK;
  const std::lock_guard guard(lock_);
  if (number >= files_.size()) return {};
  return Place{files_[number], frame & SONDE_FRAME_OFFSET_MASK};
}

}  // namespace sonde::process
