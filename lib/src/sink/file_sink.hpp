#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "sink/fd_sink.hpp"
#include "sink/sink.hpp"
#include "util/unique_fd.hpp"

namespace sonde::sink {

/// A file that appears whole or not at all: written under a temporary name in the same folder,
/// renamed by commit(), removed by destruction without commit(). A symbolic link is written
/// through, an existing file keeps its mode and (where permitted) its owner. What is not a regular
/// file (a device, a FIFO, /dev/stdout) is written directly.
class FileSink final : public Sink {
 public:
  /// OutputFailed if the file could not be created or replaced later: the session need not run to
  /// find out. Opening a FIFO waits for its reader.
  static Result<std::unique_ptr<FileSink>> open(const std::string& path);
  ~FileSink() override;
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;

  Result<void> write(std::string_view bytes) override { return out_.write(bytes); }
  Result<void> flush() override { return out_.flush(); }
  Result<void> commit() override;

  /// The temporary name, for a caller that may end the process without running destructors.
  const std::string& temporary_file() const noexcept { return temporary_; }

 private:
  FileSink(UniqueFd fd, std::string path, std::string temporary);

  UniqueFd fd_;
  FdSink out_;
  std::string path_;
  /// Empty when writing directly, and once renamed.
  std::string temporary_;
};

}  // namespace sonde::sink
