#include "net/ending.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "net/address.hpp"
#include "net_event.h"

namespace sonde::net {
namespace {

// include/net/tcp_states.h
enum State : std::uint8_t {
  kEstablished = 1,
  kSynSent = 2,
  kSynRecv = 3,
  kFinWait1 = 4,
  kClose = 7,
  kCloseWait = 8,
  kListen = 10,
};

bool has(const sonde_connection_record& record, std::uint32_t flag) {
  return (record.flags & flag) != 0;
}

std::string remote_of(const sonde_connection_record& record) {
  return endpoint_text(record.ends.remote, record.ends.remote_port);
}

std::string after(std::uint64_t ns) {
  const auto us = static_cast<double>(ns) / 1e3;
  if (us < 1000) return fmt::format("{:.1f} us", us);
  return us < 1e6 ? fmt::format("{:.1f} ms", us / 1e3) : fmt::format("{:.1f} s", us / 1e6);
}

std::uint64_t lifetime(const sonde_connection_record& record) {
  return record.start_ns == 0 ? 0 : record.header.time_ns - record.start_ns;
}

std::string time_of(const sonde_connection_record& record) {
  return record.start_ns == 0 ? std::string() : " after " + after(lifetime(record));
}

std::string_view unreachable_by(int error) {
  switch (error) {
    case ENETUNREACH:
      return "there is no route to that network";
    case EHOSTUNREACH:
      return "the host does not answer on its network, or a router said that it cannot be reached";
    case EINVAL:
      return "a blackhole route on this machine swallows it";
    case EACCES:
    case EPERM:
      return "a firewall or a route on this machine forbids it";
    case ECONNREFUSED:
      return "the host or a firewall answered by ICMP that the port is closed";
    default:
      return {};
  }
}

std::string overflow(const EndingContext& context) {
  if (context.listener_drops == 0) return {};
  return fmt::format(
      "; the listener there is on this machine and dropped {} connections since its backlog of {} "
      "was full",
      context.listener_drops, context.backlog_limit);
}

bool is_dropped_for(const EndingContext& context, std::string_view reason) {
  return context.dropped && context.dropped->reason == reason;
}

// "the kernel of this machine dropped 2 of its packets: NETFILTER_DROP in nf_hook_slow".
std::string drops_of(const DroppedPackets& dropped) {
  std::string text =
      fmt::format("the kernel of this machine dropped {} {}: {}", dropped.packets,
                  dropped.outgoing ? "of its packets" : "of the packets for it", dropped.reason);
  if (!dropped.function.empty()) text += " in " + dropped.function;
  if (dropped.reason == "NETFILTER_DROP") text += ", a rule of its firewall";
  return text;
}

std::string and_drops(const EndingContext& context) {
  return context.dropped ? "; " + drops_of(*context.dropped) : std::string();
}

std::string refused_by(const EndingContext& context) {
  if (is_dropped_for(context, "NO_SOCKET"))
    return "nothing listens on that port of this machine (NO_SOCKET)";
  if (context.dropped) return drops_of(*context.dropped);
  return "nothing listens on that port, or a firewall rejects it";
}

std::string names_of(const sonde_connection_record& record, const EndingContext& context) {
  std::string text;
  if (!context.remote_name.empty()) text = fmt::format("; by DNS it is {}", context.remote_name);
  if (record.last_state == kSynSent && !context.failed_lookup.why.empty()) {
    text += fmt::format("; {} before, a lookup of the process failed: {}",
                        after(context.failed_lookup.before_ns), context.failed_lookup.why);
  }
  return text;
}

std::string connect_failure(const sonde_connection_record& record, const EndingContext& context) {
  const std::string remote = remote_of(record);
  if (has_failed_unseen(record)) {
    return fmt::format(
        "connecting to {} failed{}; why was not seen, since the kernel did not run sonde's program "
        "then{}",
        remote, time_of(record), and_drops(context));
  }
  const int error = ending_error(record);
  if (has(record, SONDE_NET_HAD_RESET_IN)) {
    return fmt::format("{} refused the connection{}: {}{}", remote, time_of(record),
                       refused_by(context), overflow(context));
  }
  if (error == ETIMEDOUT) {
    return fmt::format(
        "{} did not answer: {} SYNs were sent again over {}; {}{}", remote, record.retransmits,
        after(lifetime(record)),
        context.dropped ? drops_of(*context.dropped) : "the host is down, or a firewall drops them",
        overflow(context));
  }
  if (error == EADDRNOTAVAIL) return fmt::format("no local port was free to connect to {}", remote);
  if (error == 0) {
    return fmt::format("the process gave up connecting to {}{}: {} SYNs were sent again{}{}",
                       remote, time_of(record), record.retransmits, and_drops(context),
                       overflow(context));
  }
  const std::string_view why = unreachable_by(error);
  return fmt::format("{} cannot be reached: {}{}", remote,
                     why.empty() ? std::string_view(std::strerror(error)) : why,
                     and_drops(context));
}

std::string later_failure(const sonde_connection_record& record, const EndingContext& context) {
  const std::string remote = remote_of(record);
  const std::string_view reason = close_reason(record);
  if (reason == "reset_received") {
    return fmt::format("{} reset the connection{}", remote, time_of(record));
  }
  if (reason == "reset_sent") {
    if (record.unread_bytes != 0) {
      return fmt::format("the process closed the connection with {} bytes unread, so it was reset",
                         record.unread_bytes);
    }
    return "the process closed the connection by a reset (SO_LINGER with no time, or killed)";
  }
  if (reason == "timeout") {
    return fmt::format("{} stopped answering: {} segments were sent again{}", remote,
                       record.retransmits, and_drops(context));
  }
  return fmt::format("the connection to {} failed: {}", remote,
                     std::strerror(ending_error(record)));
}

}  // namespace

int ending_error(const sonde_connection_record& record) noexcept {
  // __inet_hash_connect() found no port: nothing was sent, and nobody waits for the socket yet.
  if (record.error == 0 && record.last_state == kSynSent && record.tx_segments == 0 &&
      record.ends.local_port == 0 && !has(record, SONDE_NET_END_UNSEEN)) {
    return EADDRNOTAVAIL;
  }
  return record.error;
}

bool has_failed_unseen(const sonde_connection_record& record) noexcept {
  return record.state == kClose && record.last_state == kSynSent &&
         has(record, SONDE_NET_END_UNSEEN);
}

std::string_view close_reason(const sonde_connection_record& record) noexcept {
  if (record.state != kClose) return {};
  if (record.role == SONDE_NET_ROLE_LISTENER) return "closed";
  // FINs were seen before the end.
  const bool by_fins = has(record, SONDE_NET_FIN_SENT) && has(record, SONDE_NET_FIN_RECEIVED);
  if (has(record, SONDE_NET_END_UNSEEN) && !by_fins) return "unseen";
  if (ending_error(record) == ETIMEDOUT) return "timeout";
  if (has(record, SONDE_NET_HAD_RESET_IN)) return "reset_received";
  if (record.last_state == kSynSent) {
    if (ending_error(record) == 0) return "cancelled";
    return unreachable_by(record.error).empty() ? "error" : "unreachable";
  }
  if (record.error != 0 && record.error != EPIPE) return "error";
  if (record.last_state == kEstablished || record.last_state == kCloseWait ||
      record.last_state == kSynRecv || has(record, SONDE_NET_HAD_RESET_OUT)) {
    return "reset_sent";
  }
  return has(record, SONDE_NET_FIN_SENT_FIRST) ? "fin_local" : "fin_remote";
}

bool has_failed(const sonde_connection_record& record) noexcept {
  const std::string_view reason = close_reason(record);
  if (reason == "unseen") return has_failed_unseen(record);
  return !reason.empty() && reason != "closed" && !reason.starts_with("fin_");
}

std::string explanation(const sonde_connection_record& record, const EndingContext& context) {
  if (!has_failed(record)) return {};
  return (record.last_state == kSynSent ? connect_failure(record, context)
                                        : later_failure(record, context)) +
         names_of(record, context);
}

}  // namespace sonde::net
