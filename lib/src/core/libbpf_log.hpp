#pragma once

#include <string>

namespace sonde::core {

/// While it lives, libbpf's messages of this thread are collected instead of printed. libbpf has
/// one print callback for the whole process: it is replaced while at least one LibbpfLog lives, and
/// messages of threads without one go to the callback that was there before. Must be destroyed by
/// the thread that made it; may nest.
class LibbpfLog {
 public:
  LibbpfLog() noexcept;
  LibbpfLog(const LibbpfLog&) = delete;
  LibbpfLog& operator=(const LibbpfLog&) = delete;
  ~LibbpfLog();

  /// Warnings and the verifier's log, at most the last 64 KiB.
  const std::string& text() const noexcept { return text_; }

 private:
  friend void append_to_log(LibbpfLog& log, const char* bytes, std::size_t length);
  std::string text_;
  LibbpfLog* outer_;
};

}  // namespace sonde::core
