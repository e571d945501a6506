#include "config/comments.hpp"

#include <algorithm>

#include "util/text.hpp"

namespace sonde::config {
namespace {

constexpr std::size_t kEnd = std::string_view::npos;

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool done() const noexcept { return at_ >= text_.size(); }
  char next() const noexcept { return text_[at_]; }
  bool starts(std::string_view words) const noexcept {
    return text_.substr(at_).starts_with(words);
  }
  void skip(std::size_t count) { at_ = std::min(text_.size(), at_ + count); }

  /// Behind the next `mark`, or at the end of the text.
  void skip_past(std::string_view mark) {
    const std::size_t found = text_.find(mark, at_);
    at_ = found == kEnd ? text_.size() : found + mark.size();
  }

  /// Behind the quote that ends the string that begins here; `escapes` if a backslash quotes.
  void skip_string(std::string_view quote, bool escapes) {
    skip(quote.size());
    while (!done() && !starts(quote)) {
      // Strings of one quote end with their line, at the latest.
      if (quote.size() == 1 && next() == '\n') return;
      skip(escapes && next() == '\\' ? 2 : 1);
    }
    skip(quote.size());
  }

  /// Adds what stands from `begin` to here.
  void take_comment(std::size_t begin, std::vector<Comment>& all) const {
    std::string_view words = text_.substr(begin, at_ - begin);
    words = words.substr(0, words.find('\n'));
    words = words.substr(0, words.find_last_not_of(" \t\r") + 1);
    all.push_back({line_of(begin), text::printable(words)});
  }

  std::size_t line_of(std::size_t position) const {
    const std::string_view before = text_.substr(0, position);
    return 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
  }

  std::size_t at() const noexcept { return at_; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

void skip_line(Scanner& scanner) {
  while (!scanner.done() && scanner.next() != '\n')
    scanner.skip(1);
}

// True if a string of TOML began here, which was skipped.
bool skip_toml_string(Scanner& scanner) {
  for (const std::string_view quote : {R"(""")", "'''", "\"", "'"}) {
    if (!scanner.starts(quote)) continue;
    scanner.skip_string(quote, quote.front() == '"');
    return true;
  }
  return false;
}

}  // namespace

std::vector<Comment> json_comments(std::string_view text) {
  std::vector<Comment> all;
  Scanner scanner(text);
  while (!scanner.done()) {
    const std::size_t begin = scanner.at();
    if (scanner.next() == '"') {
      scanner.skip_string("\"", true);
    } else if (scanner.starts("//")) {
      skip_line(scanner);
      scanner.take_comment(begin, all);
    } else if (scanner.starts("/*")) {
      scanner.skip_past("*/");
      scanner.take_comment(begin, all);
    } else {
      scanner.skip(1);
    }
  }
  return all;
}

std::vector<Comment> toml_comments(std::string_view text) {
  std::vector<Comment> all;
  Scanner scanner(text);
  while (!scanner.done()) {
    if (skip_toml_string(scanner)) continue;
    if (scanner.next() != '#') {
      scanner.skip(1);
      continue;
    }
    const std::size_t begin = scanner.at();
    skip_line(scanner);
    scanner.take_comment(begin, all);
  }
  return all;
}

TomlKeys toml_keys(std::string_view text) {
  constexpr std::string_view kBetweenKeys = "\n=,{}[]";
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  TomlKeys keys;
  std::size_t parts = 1;
  Scanner scanner(text);
  if (scanner.starts(kByteOrderMark)) scanner.skip(kByteOrderMark.size());
  while (!scanner.done()) {
    if (skip_toml_string(scanner)) continue;
    const char c = scanner.next();
    if (c == '#') {
      skip_line(scanner);
      continue;
    }
    if (c == '.') keys.most_parts = std::max(keys.most_parts, ++parts);
    if (kBetweenKeys.find(c) != kEnd) parts = 1;
    const bool ascii = static_cast<unsigned char>(c) < 0x80;
    if (!ascii && keys.beyond_ascii == 0) keys.beyond_ascii = scanner.line_of(scanner.at());
    scanner.skip(1);
  }
  return keys;
}

}  // namespace sonde::config
