#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sink/sink.hpp"

namespace sonde::sink {

/// Writes to a descriptor that someone else owns, such as stdout. Bytes are held back until
/// flush(), commit() or until they fill a buffer; destruction drops what is held back. A descriptor
/// in non-blocking mode is waited for. After a failure every call returns that failure.
class FdSink final : public Sink {
 public:
  /// `name` is what error messages call it.
  FdSink(int fd, std::string name);

  Result<void> write(std::string_view bytes) override;
  Result<void> flush() override;

 private:
  Result<void> write_through(std::string_view bytes);

  int fd_;
  std::string name_;
  std::string held_;
  std::optional<Error> failure_;
};

}  // namespace sonde::sink
