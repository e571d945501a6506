// Records of a session in a file, so that aggregation and rendering can be run again without a
// kernel.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/event_source.hpp"
#include "ingest/ring_source.hpp"

namespace sonde::ingest {

/// Appends records to memory in the recording format: an 8-byte magic with the wire version, then
/// the records, each as long as its header says.
class RecordingWriter {
 public:
  RecordingWriter();
  void append(std::span<const std::byte> record);
  const std::string& bytes() const noexcept { return bytes_; }

 private:
  std::string bytes_;
};

/// Replays a recording. drain() delivers everything at once.
class RecordingSource final : public core::EventSource {
 public:
  RecordingSource(std::string bytes, RecordHandler handler)
      : bytes_(std::move(bytes)), handler_(std::move(handler)) {}

  int poll_fd() const noexcept override { return -1; }
  /// EventProcessingFailed naming the offset, for a file that is no recording, of another version,
  /// or cut short.
  Result<void> drain() noexcept override;

 private:
  std::string bytes_;
  RecordHandler handler_;
};

}  // namespace sonde::ingest
