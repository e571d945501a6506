// The head of one HTTP/1 message, as far as it tells where the message ends and what is shown of
// it (RFC 9112). Bodies and other header fields are not looked at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sonde::http {

/// How the body's length is told.
enum class Framing {
  none,      // no header says anything
  length,    // Content-Length
  chunked,   // Transfer-Encoding
  unusable,  // contradicting, malformed or cut off: where the message ends is not known
};

/// Views into what was parsed.
struct Head {
  bool request = false;
  /// Of a request.
  std::string_view method;
  std::string_view target;
  std::string_view host;
  /// Of a response.
  int status = 0;
  Framing framing = Framing::none;
  /// With Framing::length.
  std::uint64_t body_bytes = 0;
  /// The bytes ended before the head did.
  bool cut = false;
  /// Bytes of the head with the empty line.
  std::size_t size = 0;
};

enum class HeadState {
  complete,
  incomplete,  // it may become a head with more bytes
  not_http,
};

struct ParsedHead {
  HeadState state = HeadState::not_http;
  Head head;
};

/// The head at the start of `bytes`. `more_may_come` is false if the rest of it will never be seen:
/// then what is there must do, as soon as the first line tells method or status.
ParsedHead parse_head(std::string_view bytes, bool more_may_come);

/// Whether `bytes` begin like HTTP/2's connection preface, or are its beginning.
bool is_http2_preface(std::string_view bytes) noexcept;

/// What is shown of a request's target: the path of "/path?query" and of "http://host/path?query",
/// anything else ("*", "host:443") as it is. The query is kept only if asked for, a fragment never.
std::string_view shown_path(std::string_view target, bool with_query) noexcept;

}  // namespace sonde::http
