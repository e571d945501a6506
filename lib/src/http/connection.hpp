// Puts the heads of one connection's messages together to exchanges: a request and its response.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/head.hpp"

namespace sonde::http {

enum class Direction : std::uint8_t { received, sent };

/// What one read or write moved, or the start of that.
struct Piece {
  Direction direction = Direction::received;
  /// Bytes of this direction before it.
  std::uint64_t position = 0;
  /// Bytes that it moved.
  std::uint64_t length = 0;
  /// The first of them; the rest was not looked at.
  std::string_view bytes;
  std::uint64_t time_ns = 0;
};

struct Request {
  std::string method;
  /// As shown_path() has it.
  std::string path;
  std::string host;
  /// When its first bytes were sent or received.
  std::uint64_t time_ns = 0;
  /// Of the body; empty for a chunked one.
  std::optional<std::uint64_t> body_bytes;
  /// The path is longer than what is here.
  bool cut = false;
};

struct Exchange {
  /// Requests are sent by clients, received by servers.
  bool client = false;
  Request request;
  /// 0: the connection ended without a response.
  int status = 0;
  /// When the response's first bytes were sent or received; without one, when that was known.
  std::uint64_t end_ns = 0;
  /// Of the response's body; empty for a chunked one, and for one that ends with the connection.
  std::optional<std::uint64_t> body_bytes;
};

/// Of all connections.
struct Counts {
  std::uint64_t requests = 0;
  /// Of them those that were forgotten since too many waited for a response.
  std::uint64_t forgotten = 0;

  // What is known to exist, or may, and was not seen.

  /// Responses to requests from before the trace.
  std::uint64_t no_request = 0;
  /// A head began behind the bytes that were captured, or bytes before it were lost.
  std::uint64_t not_captured = 0;
  /// What comes after a message whose end cannot be told.
  std::uint64_t unusable = 0;
  /// Connections that went over to another protocol.
  std::uint64_t upgraded = 0;
  std::uint64_t http2 = 0;
};

/// Memory is bounded, whatever the bytes are.
class Connection {
 public:
  static constexpr std::size_t kMostOpen = 1024;
  static constexpr std::size_t kLongestHead = 16384;
  static constexpr std::size_t kLongestPath = 1024;
  static constexpr std::size_t kLongestHost = 255;

  explicit Connection(bool with_query) noexcept : with_query_(with_query) {}

  /// Pieces of each direction in order; those without the start of a head may be left out. Appends
  /// the exchanges that are complete now.
  void add(const Piece& piece, std::vector<Exchange>& done, Counts& counts);
  /// The connection has ended: appends the requests that got no response.
  void close(std::uint64_t time_ns, std::vector<Exchange>& done, Counts& counts);

  const std::deque<Request>& open() const noexcept { return open_; }
  /// Whether requests are sent here, once that is known.
  std::optional<bool> client() const noexcept { return client_; }

 private:
  enum class State {
    seeking,   // a head may be at the start of any piece
    between,   // the next head is at `next`
    in_head,   // a head began, `head` is what there is of it; the rest comes at `next`
    finished,  // no more heads
  };
  struct Side {
    State state = State::seeking;
    std::uint64_t next = 0;
    std::string head;
    std::uint64_t head_ns = 0;
  };

  /// Where in the piece a head may begin; nothing if in none.
  std::optional<std::uint64_t> start_in(Side& side, const Piece& piece, Counts& counts);
  void add_to_head(Side& side, const Piece& piece, std::vector<Exchange>& done, Counts& counts);
  void read_heads(Side& side, const Piece& piece, std::uint64_t at, std::vector<Exchange>& done,
                  Counts& counts);
  /// `end`: position behind the head.
  void on_head(Side& side, const Head& head, Direction direction, std::uint64_t end,
               std::uint64_t time_ns, std::vector<Exchange>& done, Counts& counts);
  void on_request(Side& side, const Head& head, std::uint64_t end, std::uint64_t time_ns,
                  std::vector<Exchange>& done, Counts& counts);
  void on_response(Side& side, const Head& head, std::uint64_t end, std::uint64_t time_ns,
                   std::vector<Exchange>& done, Counts& counts);
  void complete(Side& side, const Head& head, Request request, std::uint64_t time_ns,
                std::vector<Exchange>& done, Counts& counts);
  void finish_both(std::uint64_t& reason);

  bool with_query_;
  bool had_request_ = false;
  std::optional<bool> client_;
  Side sides_[2];
  std::deque<Request> open_;
  /// A response that overtook its request: a thread may read it before the one that sent the
  /// request has come back from the kernel. Its head without what views point to.
  std::optional<Head> early_;
  std::uint64_t early_ns_ = 0;
};

}  // namespace sonde::http
