// How a TCP connection ended, and why in plain words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sonde_connection_record;

namespace sonde::net {

/// Packets of a connection that the kernel of this machine dropped.
struct DroppedPackets {
  std::uint64_t packets = 0;
  /// Sent by this side; else they were on their way to it.
  bool outgoing = true;
  /// Of the last one: "NETFILTER_DROP", and where in the kernel.
  std::string reason;
  std::string function;
};

/// What the process could not look up before it connected.
struct FailedLookup {
  /// From its end until connect().
  std::uint64_t before_ns = 0;
  /// A sentence; empty if there is none.
  std::string why;
};

/// What is known besides the record itself.
struct EndingContext {
  /// Of a listener on this machine at the remote address: its drops since tracing began and the
  /// limit of its backlog.
  std::uint32_t listener_drops = 0;
  std::uint32_t backlog_limit = 0;
  std::optional<DroppedPackets> dropped = {};
  /// That DNS gave the remote address for; empty if it is not known.
  std::string remote_name = {};
  FailedLookup failed_lookup = {};
};

/// "fin_local" or "fin_remote" by whose FIN came first, "reset_sent", "reset_received", "timeout",
/// "unreachable", "cancelled" (the process closed the socket before it was connected), "error",
/// "closed" for a listener, "unseen" where the kernel did not run the program that would have seen
/// it; empty while it is open.
std::string_view close_reason(const sonde_connection_record& record) noexcept;

/// connect() failed, and what the kernel knew of it is gone: neither why nor what was sent.
bool has_failed_unseen(const sonde_connection_record& record) noexcept;

/// It never came to be, or did not end by FINs as far as that was seen.
bool has_failed(const sonde_connection_record& record) noexcept;

/// The errno that the process got or would get; 0 if there is none. connect() that finds no free
/// port fails before the kernel notes an error at the socket.
int ending_error(const sonde_connection_record& record) noexcept;

/// A sentence; empty unless has_failed().
std::string explanation(const sonde_connection_record& record, const EndingContext& context);

}  // namespace sonde::net
