// Where rendered bytes go. A renderer writes to a Sink and knows nothing of files, pipes or
// terminals.
#pragma once

#include <string>
#include <string_view>

#include <sonde/error.hpp>

namespace sonde::sink {

class Sink {
 public:
  virtual ~Sink() = default;
  /// OutputFailed with the errno; EPIPE means that the reader is gone. The sink stays usable for
  /// destruction only.
  virtual Result<void> write(std::string_view bytes) = 0;
  /// Makes what was written visible to a reader; a no-op where there is nothing to hurry.
  virtual Result<void> flush() { return {}; }
  /// Completes the output: a file appears under its name. Without it a file sink leaves nothing
  /// behind.
  virtual Result<void> commit() { return flush(); }
};

class MemorySink final : public Sink {
 public:
  Result<void> write(std::string_view bytes) override {
    bytes_.append(bytes);
    return {};
  }
  const std::string& bytes() const noexcept { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace sonde::sink
