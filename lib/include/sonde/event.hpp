// Live events: what happened, one by one, while a tracer runs. A Report says how much of it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include <sonde/report.hpp>

namespace [[gnu::visibility("default")]] sonde {

/// In the order of EbpfEvent::Data, so that its index is the type.
enum class EbpfEventType {
  CpuSample,
  NetworkConnect,
  NetworkDisconnect,
  NetworkPacket,
  Syscall,
  MemoryAlloc,
  MemoryFree,
  Unknown,
};
/// The spelling of the enumerator, such as "CpuSample".
const char* to_string(EbpfEventType type) noexcept;

/// A frame of an event's stack. As Frame, but complete in itself.
struct EventFrame {
  std::string name;
  /// As Module::path; empty if it is not known.
  std::string module;
  FrameKind kind = FrameKind::unknown;
  std::uint64_t address = 0;
};

struct CpuSample {
  std::uint32_t cpu = 0;
  /// Leaf first, kernel before user space.
  std::vector<EventFrame> frames;
};

enum class NetworkProtocol { tcp, udp };
/// "tcp" or "udp".
const char* to_string(NetworkProtocol protocol) noexcept;

struct NetworkEndpoint {
  /// As text: "127.0.0.1", "fe80::1".
  std::string address;
  std::uint16_t port = 0;
};

/// A connection was made or accepted, or could not be made.
struct NetworkConnect {
  NetworkProtocol protocol = NetworkProtocol::tcp;
  NetworkEndpoint local;
  NetworkEndpoint remote;
  /// The other side asked for it.
  bool accepted = false;
  /// From the first packet to the established connection.
  std::optional<std::chrono::nanoseconds> latency;
  /// Such as "ECONNREFUSED"; empty for success.
  std::string error;
};

struct NetworkDisconnect {
  NetworkProtocol protocol = NetworkProtocol::tcp;
  NetworkEndpoint local;
  NetworkEndpoint remote;
  std::uint64_t sent_bytes = 0;
  std::uint64_t received_bytes = 0;
  /// Empty if its begin was not seen.
  std::optional<std::chrono::nanoseconds> lifetime;
  /// Why it ended, such as "ECONNRESET"; empty if it was closed.
  std::string error;
};

/// With NetworkOptions::packets: data that a process has sent or received by one call, over TCP or
/// UDP; of a socket that is shared, by the process that did. What splice(2) takes out of a socket
/// is not seen, nor anything before Linux 6.3.
struct NetworkPacket {
  NetworkProtocol protocol = NetworkProtocol::tcp;
  NetworkEndpoint local;
  /// Empty, with port 0, of a UDP socket that is not connected.
  NetworkEndpoint remote;
  bool outgoing = false;
  /// What the call moved; of a datagram that was longer than its buffer, the part that was
  /// received.
  std::uint64_t bytes = 0;
};

/// A system call that returned, or one that was in flight at the end.
struct Syscall {
  /// Such as "openat"; "syscall_999" for a number without a name.
  std::string name;
  std::uint32_t nr = 0;
  /// Decoded, one for each argument, as strace prints them.
  std::vector<std::string> arguments;
  /// As the call returned it, -1 for an error; empty if the call never returned.
  std::optional<std::int64_t> result;
  /// The result as text: "3</etc/passwd>", "-1 ENOENT (No such file or directory)", "?".
  std::string result_text;
  /// "ENOENT"; empty for success.
  std::string error;
  std::optional<std::chrono::nanoseconds> duration;
};

/// An allocation that was sampled (MemoryOptions::sample_bytes).
struct MemoryAlloc {
  std::uint64_t address = 0;
  /// Asked for.
  std::uint64_t bytes = 0;
  /// The function that was called, such as "malloc" or "operator new(unsigned long)".
  std::string function;
  /// Leaf first; empty if stacks are not recorded.
  std::vector<EventFrame> frames;
};

/// What a MemoryAlloc gave out was taken back.
struct MemoryFree {
  std::uint64_t address = 0;
  /// Asked for when it was given out; empty if that was not seen.
  std::optional<std::uint64_t> bytes;
  /// Such as "free" or "realloc".
  std::string function;
};

/// Nothing that this version knows.
struct Unknown {};

struct EbpfEvent {
  /// Of the begin, where an event takes time.
  std::chrono::system_clock::time_point time;
  std::int32_t pid = 0;
  std::int32_t tid = 0;
  /// Bytes; may be invalid UTF-8.
  std::string comm;

  using Data = std::variant<CpuSample, NetworkConnect, NetworkDisconnect, NetworkPacket, Syscall,
                            MemoryAlloc, MemoryFree, Unknown>;
  Data data = Unknown{};

  EbpfEventType type() const noexcept { return static_cast<EbpfEventType>(data.index()); }
  /// The data if it is a T, else null: `if (const auto* call = event.get_if<sonde::Syscall>())`.
  template <class T>
  const T* get_if() const noexcept {
    return std::get_if<T>(&data);
  }
};

/// Gets some events at a time, and may move from them. Called from the session's reader thread, and
/// for the last ones from the thread that calls stop(). Must not throw, nor call the tracer's
/// methods. While it runs nothing is read: one that is too slow fills the kernel's buffers.
using EventCallback = std::function<void(std::span<EbpfEvent>)>;

/// Live events are made only if they are asked for.
struct EventOptions {
  /// A callback turns them on as well.
  bool enabled = false;
  /// Events that wait to be taken, 1 to 16,777,216. What does not fit is lost, and counted by
  /// get_events_lost().
  std::size_t capacity = 65'536;
  /// Without it events are taken by take_events(), such as whenever get_events_fd() is readable.
  EventCallback callback;
};

}  // namespace sonde
