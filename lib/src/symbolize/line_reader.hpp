// Lines of a file that can be endless or binary, with bounded memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sonde::symbolize {

class LineReader {
 public:
  /// Borrows the descriptor; reads from the file's beginning, `most` bytes at most.
  LineReader(int fd, std::uint64_t most);

  struct Line {
    std::string_view text;     // without its end; valid until the next call
    std::uint64_t offset = 0;  // in the file
  };
  /// False at the end. A line longer than kLongestLine is skipped and counted.
  bool next(Line& line);

  std::uint64_t skipped() const noexcept { return skipped_; }
  /// The file was longer than `most`.
  bool cut() const noexcept { return cut_; }

  static constexpr std::size_t kLongestLine = std::size_t{16} * 1024;

 private:
  bool fill();

  int fd_;
  std::uint64_t most_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // of what was not handed out yet
  std::size_t end_ = 0;
  std::uint64_t end_offset_ = 0;  // in the file, of buffer_[end_]
  std::uint64_t skipped_ = 0;
  bool in_long_line_ = false;
  bool at_end_ = false;
  bool cut_ = false;
};

}  // namespace sonde::symbolize
