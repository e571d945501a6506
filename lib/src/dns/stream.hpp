// DNS messages out of one direction of a TCP connection (RFC 1035, 4.2.2: each behind its length).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <vector>

namespace sonde::dns {

/// What a packet carries of the stream.
struct Segment {
  std::uint64_t time_ns = 0;
  /// Of its first byte.
  std::uint32_t sequence = 0;
  /// As sent; `bytes` may be fewer.
  std::size_t length = 0;
  std::span<const std::byte> bytes;
};

/// Puts segments in order, cuts them into messages. Segments that were sent again are ignored;
/// bytes that were not captured are skipped if they are the inside of a message.
class Stream {
 public:
  /// `bytes`: as many as were captured, of `length`. `time_ns`: of the segment that completed it.
  struct Framed {
    std::uint64_t time_ns = 0;
    std::size_t length = 0;
    std::span<const std::byte> bytes;
  };
  using Handler = std::function<void(const Framed&)>;

  /// Of one message; the rest of it is skipped.
  static constexpr std::size_t kMostMessageBytes = 4096;
  /// That wait for what comes before them.
  static constexpr std::size_t kMostWaiting = 32;

  /// The connection begins: its first byte will have this number.
  void begin(std::uint32_t sequence) noexcept;
  /// Without begin(), the first segment is taken for the begin of a message.
  void add(const Segment& segment, const Handler& handler);

  /// Bytes of which nothing is known, where a message might have begun.
  std::uint64_t lost_bytes() const noexcept { return lost_bytes_; }

 private:
  struct Waiting {
    std::uint64_t time_ns = 0;
    std::size_t length = 0;
    std::vector<std::byte> bytes;
  };
  struct Earlier {
    // Numbers wrap around: what is less than half of them ahead comes later.
    bool operator()(std::uint32_t a, std::uint32_t b) const noexcept {
      return static_cast<std::int32_t>(a - b) < 0;
    }
  };

  void consume(Segment segment, const Handler& handler);
  void take_bytes(std::uint64_t time_ns, std::span<const std::byte> bytes, const Handler& handler);
  void take_unknown(std::uint64_t time_ns, std::size_t count, const Handler& handler);
  void finish_message(std::uint64_t time_ns, const Handler& handler);
  void resynchronize() noexcept;

  bool begun_ = false;
  std::uint32_t next_ = 0;
  std::map<std::uint32_t, Waiting, Earlier> waiting_;

  // The message that is being read; before its length is known, length_bytes_ of that.
  unsigned length_bytes_ = 0;
  std::size_t length_ = 0;
  std::size_t seen_ = 0;
  bool hole_ = false;
  std::vector<std::byte> message_;
  std::uint64_t lost_bytes_ = 0;
};

}  // namespace sonde::dns
