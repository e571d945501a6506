#include "dns/stream.hpp"

#include <algorithm>
#include <utility>

namespace sonde::dns {
namespace {

// A segment that is further ahead than any receive window in use is of another connection between
// the same ports.
constexpr std::uint32_t kFarthestAhead = 64u << 20;

}  // namespace

void Stream::begin(std::uint32_t sequence) noexcept {
  resynchronize();
  waiting_.clear();
  begun_ = true;
  next_ = sequence;
}

void Stream::resynchronize() noexcept {
  length_bytes_ = 0;
  length_ = 0;
  seen_ = 0;
  hole_ = false;
  message_.clear();
}

void Stream::add(const Segment& segment, const Handler& handler) {
  if (segment.length == 0) return;
  const bool ahead = begun_ && Earlier{}(next_, segment.sequence);
  if (!begun_ || (ahead && segment.sequence - next_ > kFarthestAhead)) begin(segment.sequence);
  if (Earlier{}(next_, segment.sequence)) {
    // The longest of those with this number.
    Waiting& waiting = waiting_[segment.sequence];
    if (segment.length > waiting.length)
      waiting = {segment.time_ns, segment.length, {segment.bytes.begin(), segment.bytes.end()}};
    if (waiting_.size() <= kMostWaiting) return;
    // What is missing was lost on its way to here, not on the network.
    const std::size_t missing = waiting_.begin()->first - next_;
    take_unknown(segment.time_ns, missing, handler);
    next_ = waiting_.begin()->first;
  } else {
    consume(segment, handler);
  }
  while (!waiting_.empty() && !Earlier{}(next_, waiting_.begin()->first)) {
    const auto node = waiting_.extract(waiting_.begin());
    const Waiting& waiting = node.mapped();
    consume({waiting.time_ns, node.key(), waiting.length, waiting.bytes}, handler);
  }
}

// From next_ on.
void Stream::consume(Segment segment, const Handler& handler) {
  const std::size_t known = next_ - segment.sequence;
  if (known >= segment.length) return;
  const std::size_t fresh = segment.length - known;
  auto bytes = segment.bytes.subspan(std::min(known, segment.bytes.size()));
  bytes = bytes.first(std::min(fresh, bytes.size()));
  next_ += static_cast<std::uint32_t>(fresh);
  take_bytes(segment.time_ns, bytes, handler);
  take_unknown(segment.time_ns, fresh - bytes.size(), handler);
}

void Stream::take_bytes(std::uint64_t time_ns, std::span<const std::byte> bytes,
                        const Handler& handler) {
  while (!bytes.empty()) {
    if (length_bytes_ < 2) {
      length_ = length_ << 8 | std::to_integer<std::size_t>(bytes.front());
      bytes = bytes.subspan(1);
      if (++length_bytes_ == 2 && length_ == 0) resynchronize();
      continue;
    }
    const auto part = bytes.first(std::min(bytes.size(), length_ - seen_));
    if (!hole_) {
      const std::size_t room = kMostMessageBytes - std::min(kMostMessageBytes, message_.size());
      const auto kept = part.first(std::min(part.size(), room));
      message_.insert(message_.end(), kept.begin(), kept.end());
    }
    seen_ += part.size();
    bytes = bytes.subspan(part.size());
    if (seen_ == length_) finish_message(time_ns, handler);
  }
}

void Stream::take_unknown(std::uint64_t time_ns, std::size_t count, const Handler& handler) {
  if (count == 0) return;
  if (length_bytes_ == 2 && count <= length_ - seen_) {
    hole_ = true;
    seen_ += count;
    if (seen_ == length_) finish_message(time_ns, handler);
    return;
  }
  // A message may have begun in it: what comes next is taken for the begin of another.
  lost_bytes_ += count;
  if (length_bytes_ == 2) {
    finish_message(time_ns, handler);
  } else {
    resynchronize();
  }
}

void Stream::finish_message(std::uint64_t time_ns, const Handler& handler) {
  handler({time_ns, length_, message_});
  resynchronize();
}

}  // namespace sonde::dns
