#pragma once

#include <sonde/error.hpp>

namespace sonde::core {

/// Something that a session drains: a ring buffer, the side-band records of a CPU, a recording.
/// Used by one thread.
class EventSource {
 public:
  virtual ~EventSource() = default;
  /// Readable when a record wants attention at once; -1 if there is nothing to wait for.
  virtual int poll_fd() const noexcept = 0;
  /// Hands on everything that is there now. Called when poll_fd() is readable and at least ten
  /// times a second.
  virtual Result<void> drain() noexcept = 0;
};

}  // namespace sonde::core
