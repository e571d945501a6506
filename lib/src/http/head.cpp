#include "http/head.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace sonde::http {
namespace {

constexpr std::size_t kLongestMethod = 32;
constexpr std::string_view kVersion = "HTTP/1.";

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// RFC 9110, 5.6.2.
constexpr bool is_token(char c) noexcept {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') ||
         kOthers.find(c) != std::string_view::npos;
}

// Servers take any byte but blanks and controls.
constexpr bool is_target(char c) noexcept {
  return static_cast<unsigned char>(c) > ' ' && c != '\x7f';
}

bool equals(std::string_view a, std::string_view lower_case) noexcept {
  return a.size() == lower_case.size() && std::equal(a.begin(), a.end(), lower_case.begin(),
                                                     [](char x, char y) { return lower(x) == y; });
}

std::string_view trimmed(std::string_view text) noexcept {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && blank(text.back()))
    text.remove_suffix(1);
  return text;
}

/// One line after another; a bare LF ends one, too, as most servers have it.
class Lines {
 public:
  explicit Lines(std::string_view text) noexcept : text_(text) {}

  std::optional<std::string_view> next() noexcept {
    const std::size_t end = text_.find('\n', at_);
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view line = text_.substr(at_, end - at_);
    at_ = end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }
  std::string_view rest() const noexcept { return text_.substr(at_); }
  std::size_t position() const noexcept { return at_; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

// "HTTP/1." and a digit, or as much of it as there is.
bool is_version(std::string_view text, bool whole) noexcept {
  if (text.size() < kVersion.size()) return !whole && kVersion.starts_with(text);
  if (!text.starts_with(kVersion)) return false;
  text.remove_prefix(kVersion.size());
  return text.empty() ? !whole : text.size() == 1 && is_digit(text[0]);
}

// Takes the status from "HTTP/1.1 200 OK"; the reason may be missing. `whole`: the line is not cut.
HeadState parse_status_line(std::string_view line, bool whole, Head& head) {
  constexpr std::size_t kStatus = kVersion.size() + 2;
  if (!is_version(line.substr(0, kVersion.size() + 1), line.size() > kVersion.size()))
    return HeadState::not_http;
  if (line.size() < kStatus + 3) {
    const bool fits =
        line.size() < kStatus || std::all_of(line.begin() + kStatus, line.end(), is_digit);
    return whole || !fits || (line.size() >= kStatus && line[kStatus - 1] != ' ')
               ? HeadState::not_http
               : HeadState::incomplete;
  }
  const std::string_view digits = line.substr(kStatus, 3);
  if (line[kStatus - 1] != ' ' || !std::all_of(digits.begin(), digits.end(), is_digit) ||
      digits[0] == '0' || (line.size() > kStatus + 3 && line[kStatus + 3] != ' '))
    return HeadState::not_http;
  head.status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
  return HeadState::complete;
}

// Takes method and target from "GET /path HTTP/1.1". The target of a line that is cut may be, too.
HeadState parse_request_line(std::string_view line, bool whole, Head& head) {
  head.request = true;
  const std::size_t method_end =
      static_cast<std::size_t>(std::find_if_not(line.begin(), line.end(), is_token) - line.begin());
  if (method_end == 0 || method_end > kLongestMethod) return HeadState::not_http;
  head.method = line.substr(0, method_end);
  if (method_end == line.size()) return whole ? HeadState::not_http : HeadState::incomplete;
  if (line[method_end] != ' ') return HeadState::not_http;
  std::string_view rest = line.substr(method_end + 1);
  const std::size_t target_end = static_cast<std::size_t>(
      std::find_if_not(rest.begin(), rest.end(), is_target) - rest.begin());
  head.target = rest.substr(0, target_end);
  if (target_end == rest.size()) return whole ? HeadState::not_http : HeadState::incomplete;
  if (target_end == 0 || rest[target_end] != ' ') return HeadState::not_http;
  rest.remove_prefix(target_end + 1);
  if (!whole && rest.ends_with('\r')) rest.remove_suffix(1);
  if (!is_version(rest, whole)) return HeadState::not_http;
  return whole ? HeadState::complete : HeadState::incomplete;
}

/// What the header fields say about the body, as they come.
class Fields {
 public:
  explicit Fields(Head& head) noexcept : head_(head) {}

  void add(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (equals(name, "content-length")) {
      add_length(value);
    } else if (equals(name, "transfer-encoding")) {
      coded_ = true;
      chunked_ = ends_with_chunked(value);
    } else if (head_.request && head_.host.empty() && equals(name, "host")) {
      head_.host = value;
    }
  }

  void finish() noexcept {
    if (coded_) {
      // A response that is coded otherwise ends with the connection; a request cannot.
      head_.framing = chunked_        ? Framing::chunked
                      : head_.request ? Framing::unusable
                                      : Framing::none;
    } else if (bad_length_ || head_.cut) {
      head_.framing = Framing::unusable;
    } else if (has_length_) {
      head_.framing = Framing::length;
      head_.body_bytes = length_;
    }
  }

 private:
  static bool ends_with_chunked(std::string_view value) {
    const std::size_t comma = value.rfind(',');
    return equals(trimmed(comma == std::string_view::npos ? value : value.substr(comma + 1)),
                  "chunked");
  }

  // The same number may stand there several times (RFC 9110, 8.6).
  void add_length(std::string_view value) {
    for (;;) {
      const std::size_t comma = value.find(',');
      const auto number = parse_number(trimmed(value.substr(0, comma)));
      if (!number || (has_length_ && length_ != *number)) bad_length_ = true;
      has_length_ = true;
      length_ = number.value_or(0);
      if (comma == std::string_view::npos) return;
      value.remove_prefix(comma + 1);
    }
  }

  static std::optional<std::uint64_t> parse_number(std::string_view digits) {
    // More than any body, and far from overflowing a position in the stream.
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max() / 16;
    if (digits.empty()) return std::nullopt;
    std::uint64_t number = 0;
    for (const char c : digits) {
      if (!is_digit(c) || number > kMost) return std::nullopt;
      number = number * 10 + static_cast<unsigned>(c - '0');
    }
    return number;
  }

  Head& head_;
  std::uint64_t length_ = 0;
  bool has_length_ = false;
  bool bad_length_ = false;
  bool coded_ = false;
  bool chunked_ = false;
};

}  // namespace

ParsedHead parse_head(std::string_view bytes, bool more_may_come) {
  ParsedHead parsed;
  Head& head = parsed.head;
  Lines lines(bytes);
  auto first = lines.next();
  // An empty line may precede a request (RFC 9112, 2.2).
  while (first && first->empty())
    first = lines.next();
  const bool whole = first.has_value();
  const std::string_view line = whole ? *first : lines.rest();
  const bool response = line.substr(0, kVersion.size()) == kVersion.substr(0, line.size());
  parsed.state = response && !line.empty() ? parse_status_line(line, whole, head)
                                           : parse_request_line(line, whole, head);
  if (line.empty()) parsed.state = HeadState::incomplete;
  if (parsed.state == HeadState::not_http) return parsed;

  Fields fields(head);
  bool ended = false;
  if (whole) {
    while (const auto field = lines.next()) {
      ended = field->empty();
      if (ended) break;
      fields.add(*field);
    }
  }
  if (!ended && more_may_come) {
    parsed.state = HeadState::incomplete;
    return parsed;
  }
  if (!ended && !whole) {
    // Nothing more comes: a target that is cut will do, a method alone will not.
    const bool enough = head.request ? !head.target.empty() : head.status != 0;
    if (!enough) {
      parsed.state = HeadState::not_http;
      return parsed;
    }
  }
  head.cut = !ended;
  head.size = ended ? lines.position() : bytes.size();
  fields.finish();
  parsed.state = HeadState::complete;
  return parsed;
}

bool is_http2_preface(std::string_view bytes) noexcept {
  // RFC 9113, 3.4. Shorter than this it could be a request.
  constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  constexpr std::size_t kEnough = 14;
  return bytes.size() >= kEnough &&
         bytes.substr(0, kPreface.size()) == kPreface.substr(0, bytes.size());
}

std::string_view shown_path(std::string_view target, bool with_query) noexcept {
  if (const std::size_t scheme = target.find("://");
      scheme != std::string_view::npos && !target.starts_with('/')) {
    const std::size_t path = target.find_first_of("/?#", scheme + 3);
    // "http://host" stands for "http://host/".
    if (path == std::string_view::npos || target[path] != '/') return "/";
    target.remove_prefix(path);
  }
  return target.substr(0, target.find_first_of(with_query ? "#" : "?#"));
}

}  // namespace sonde::http
