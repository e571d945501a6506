#include "http/connection.hpp"

#include <algorithm>
#include <utility>

#include "http/chunks.hpp"

namespace sonde::http {
namespace {

bool has_no_body(int status) noexcept {
  return status == 204 || status == 304;
}

}  // namespace

void Connection::add(const Piece& piece, std::vector<Exchange>& done, Counts& counts) {
  Side& side = sides_[static_cast<std::size_t>(piece.direction)];
  if (side.state == State::finished || piece.length == 0) return;
  if (side.state == State::in_head) {
    if (piece.position == side.next) return add_to_head(side, piece, done, counts);
    // Bytes between were lost: this head will not be whole.
    side.state = State::seeking;
    side.head.clear();
    ++counts.not_captured;
  }
  if (is_http2_preface(piece.bytes) && side.state == State::seeking)
    return finish_both(counts.http2);
  if (const auto at = start_in(side, piece, counts)) read_heads(side, piece, *at, done, counts);
}

std::optional<std::uint64_t> Connection::start_in(Side& side, const Piece& piece, Counts& counts) {
  if (side.state == State::seeking) return piece.position;
  // All of it belongs to a body.
  if (piece.position + piece.length <= side.next) return std::nullopt;
  if (piece.position <= side.next) return side.next;
  // Where a head was expected, something went counts.
  side.state = State::seeking;
  ++counts.not_captured;
  return piece.position;
}

void Connection::add_to_head(Side& side, const Piece& piece, std::vector<Exchange>& done,
                             Counts& counts) {
  const std::size_t before = side.head.size();
  side.head.append(piece.bytes.substr(0, kLongestHead - before));
  const std::string head = std::exchange(side.head, {});
  const Piece whole{piece.direction, piece.position - before, before + piece.length, head,
                    side.head_ns};
  side.state = State::between;
  side.next = whole.position;
  read_heads(side, whole, whole.position, done, counts);
}

void Connection::read_heads(Side& side, const Piece& piece, std::uint64_t at,
                            std::vector<Exchange>& done, Counts& counts) {
  const std::uint64_t end = piece.position + piece.length;
  const std::uint64_t captured_end = piece.position + piece.bytes.size();
  while (at < end) {
    if (at >= captured_end) {
      side.state = State::seeking;
      ++counts.not_captured;
      return;
    }
    const std::string_view bytes =
        piece.bytes.substr(static_cast<std::size_t>(at - piece.position));
    const bool more = captured_end == end && bytes.size() < kLongestHead;
    const ParsedHead parsed = parse_head(bytes, more);
    if (parsed.state == HeadState::not_http) {
      if (side.state != State::seeking) ++counts.unusable;
      side.state = State::seeking;
      return;
    }
    if (parsed.state == HeadState::incomplete) {
      side.state = State::in_head;
      side.head.assign(bytes);
      side.head_ns = piece.time_ns;
      side.next = end;
      return;
    }
    at += parsed.head.size;
    on_head(side, parsed.head, piece.direction, at, piece.time_ns, done, counts);
    if (side.state == State::finished) return;
    if (parsed.head.framing == Framing::chunked && side.state == State::seeking) {
      // Only what was captured can be walked through; behind it the next head is looked for.
      const std::string_view body =
          at < captured_end ? piece.bytes.substr(static_cast<std::size_t>(at - piece.position))
                            : std::string_view();
      const auto size = size_of_chunks(body);
      if (!size) return;
      side.state = State::between;
      side.next = at + *size;
    }
    if (side.state != State::between) return;
    at = side.next;
  }
}

void Connection::on_head(Side& side, const Head& head, Direction direction, std::uint64_t end,
                         std::uint64_t time_ns, std::vector<Exchange>& done, Counts& counts) {
  const bool client = head.request == (direction == Direction::sent);
  if (client_ && *client_ != client) {
    // Not both: one of them was part of a body.
    side.state = State::seeking;
    ++counts.unusable;
    return;
  }
  client_ = client;
  if (head.request) {
    on_request(side, head, end, time_ns, done, counts);
  } else {
    on_response(side, head, end, time_ns, done, counts);
  }
}

void Connection::on_request(Side& side, const Head& head, std::uint64_t end, std::uint64_t time_ns,
                            std::vector<Exchange>& done, Counts& counts) {
  Request request;
  request.method = head.method;
  const std::string_view path = shown_path(head.target, with_query_);
  request.path = path.substr(0, kLongestPath);
  request.host = head.host.substr(0, kLongestHost);
  request.time_ns = time_ns;
  // A query that was cut off is not missed where queries are not shown.
  request.cut = path.size() > kLongestPath ||
                (head.cut && path.data() + path.size() == head.target.data() + head.target.size());
  const bool in_order = had_request_ && side.state == State::between;
  had_request_ = true;
  ++counts.requests;
  side.state = State::between;
  side.next = end;
  switch (head.framing) {
    case Framing::none:
      request.body_bytes = 0;
      break;
    case Framing::length:
      request.body_bytes = head.body_bytes;
      side.next += head.body_bytes;
      break;
    case Framing::chunked:
    case Framing::unusable:
      side.state = State::seeking;
      break;
  }
  if (const auto early = std::exchange(early_, std::nullopt)) {
    if (in_order) {
      Side& other = sides_[&side == &sides_[0] ? 1 : 0];
      return complete(other, *early, std::move(request), early_ns_, done, counts);
    }
    ++counts.no_request;
  }
  if (open_.size() == kMostOpen) {
    open_.pop_front();
    ++counts.forgotten;
  }
  open_.push_back(std::move(request));
}

void Connection::on_response(Side& side, const Head& head, std::uint64_t end, std::uint64_t time_ns,
                             std::vector<Exchange>& done, Counts& counts) {
  side.state = State::between;
  side.next = end;
  // More responses to the same request follow (RFC 9110, 15.2).
  if (head.status / 100 == 1 && head.status != 101) return;
  if (!open_.empty()) {
    Request request = std::move(open_.front());
    open_.pop_front();
    return complete(side, head, std::move(request), time_ns, done, counts);
  }
  // Whether a body follows depends on the request.
  side.state = State::seeking;
  if (early_ || !had_request_ || !*client_) {
    ++counts.no_request;
    return;
  }
  early_.emplace();
  early_->status = head.status;
  early_->framing = head.framing;
  early_->body_bytes = head.body_bytes;
  early_ns_ = time_ns;
}

void Connection::complete(Side& side, const Head& head, Request request, std::uint64_t time_ns,
                          std::vector<Exchange>& done, Counts& counts) {
  Exchange exchange;
  exchange.client = *client_;
  exchange.request = std::move(request);
  exchange.status = head.status;
  exchange.end_ns = std::max(time_ns, exchange.request.time_ns);
  const bool tunnel =
      head.status == 101 || (exchange.request.method == "CONNECT" && head.status / 100 == 2);
  const bool located = side.state == State::between;
  if (exchange.request.method == "HEAD" || has_no_body(head.status) || tunnel) {
    exchange.body_bytes = 0;
  } else if (head.framing == Framing::length) {
    exchange.body_bytes = head.body_bytes;
    if (located) side.next += head.body_bytes;
  } else {
    side.state = State::seeking;
  }
  done.push_back(std::move(exchange));
  if (tunnel) finish_both(counts.upgraded);
}

void Connection::finish_both(std::uint64_t& reason) {
  ++reason;
  for (Side& side : sides_) {
    side.state = State::finished;
    side.head.clear();
  }
}

void Connection::close(std::uint64_t time_ns, std::vector<Exchange>& done, Counts& counts) {
  if (std::exchange(early_, std::nullopt)) ++counts.no_request;
  for (Request& request : open_) {
    Exchange exchange;
    exchange.client = client_.value_or(false);
    exchange.request = std::move(request);
    exchange.end_ns = std::max(time_ns, exchange.request.time_ns);
    done.push_back(std::move(exchange));
  }
  open_.clear();
}

}  // namespace sonde::http
