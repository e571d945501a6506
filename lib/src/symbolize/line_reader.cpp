#include "symbolize/line_reader.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sonde::symbolize {

LineReader::LineReader(int fd, std::uint64_t most)
    : fd_(fd), most_(most), buffer_(4 * kLongestLine) {
}

bool LineReader::fill() {
  if (at_end_) return false;
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  ssize_t got = 0;
  do {
    got =
        ::pread(fd_, buffer_.data() + end_, buffer_.size() - end_, static_cast<off_t>(end_offset_));
  } while (got < 0 && errno == EINTR);
  if (got <= 0) {
    at_end_ = true;
    return false;
  }
  if (end_offset_ + static_cast<std::uint64_t>(got) > most_) {
    got = static_cast<ssize_t>(most_ - end_offset_);
    at_end_ = cut_ = true;
  }
  end_ += static_cast<std::size_t>(got);
  end_offset_ += static_cast<std::uint64_t>(got);
  return true;
}

bool LineReader::next(Line& line) {
  for (;;) {
    const std::string_view rest(buffer_.data() + begin_, end_ - begin_);
    const std::size_t length = rest.find('\n');
    if (length != std::string_view::npos || (at_end_ && !rest.empty())) {
      line.text = rest.substr(0, length);
      line.offset = end_offset_ - rest.size();
      begin_ += std::min(line.text.size() + 1, rest.size());
      if (!in_long_line_ && line.text.size() <= kLongestLine) return true;
      in_long_line_ = false;
      ++skipped_;
      continue;
    }
    if (rest.size() > kLongestLine) {
      in_long_line_ = true;
      begin_ = end_;
    }
    if (!fill() && begin_ == end_) {
      skipped_ += in_long_line_ ? 1 : 0;
      in_long_line_ = false;
      return false;
    }
  }
}

}  // namespace sonde::symbolize
