// What happens to connections, as rows and as events of the library.
#include <fmt/format.h>

#include <chrono>
#include <cstring>
#include <string>
#include <utility>

#include "net/address.hpp"
#include "net/names.hpp"
#include "report/net_tables.hpp"
#include "syscalls/errno_names.hpp"
#include "tracers/net/tables.hpp"

namespace sonde::tracers {
namespace {

Value text_or_null(std::string_view text) {
  return text.empty() ? Value{} : Value{std::string(text)};
}

// 0 stands for "not measured" in the records.
Value number_or_null(std::uint64_t number) {
  return number == 0 ? Value{} : Value{number};
}

std::string comm_of(const sonde_connection_record& r) {
  return {r.owner.comm, ::strnlen(r.owner.comm, sizeof(r.owner.comm))};
}

std::string milliseconds(std::uint64_t ns) {
  return fmt::format("{:.3f} ms", static_cast<double>(ns) / 1e6);
}

// "connect 127.0.0.1:4242 -> 127.0.0.1:80".
std::string event_text(const sonde_connection_record& r, const net::EndingContext& ending) {
  const std::string local = net::endpoint_text(r.ends.local, r.ends.local_port);
  const std::string remote = net::endpoint_text(r.ends.remote, r.ends.remote_port);
  std::string text(net::event_name(r.event));
  if (r.event == SONDE_NET_CLOSE && net::has_failed(r)) text = "failed";
  if (r.event == SONDE_NET_LISTEN || r.role == SONDE_NET_ROLE_LISTENER)
    return fmt::format("{} {}", text, local);
  text += r.role == SONDE_NET_ROLE_SERVER ? fmt::format(" {} <- {}", local, remote)
                                          : fmt::format(" {} -> {}", local, remote);
  if (r.event == SONDE_NET_ESTABLISHED && r.connect_ns != 0)
    text += " in " + milliseconds(r.connect_ns);
  if (r.event == SONDE_NET_RETRANSMIT) text += fmt::format(" {}", net::state_name(r.state));
  if (r.event != SONDE_NET_CLOSE) return text;
  text += fmt::format(" sent {} received {}", r.tx_bytes, r.rx_bytes);
  if (r.start_ns != 0) text += " after " + milliseconds(r.header.time_ns - r.start_ns);
  text += fmt::format(" ({})", net::close_reason(r));
  if (const std::string why = net::explanation(r, ending); !why.empty()) text += ": " + why;
  return text;
}

}  // namespace

std::vector<Value> net_event_row(const sonde_connection_record& r, const net::EndingContext& ending,
                                 const core::WallClock& clock) {
  const int error = net::ending_error(r);
  std::vector<Value> row;
  row.reserve(report::net_event_table().columns.size());
  row.emplace_back(std::chrono::duration_cast<std::chrono::nanoseconds>(
                       clock.time(r.header.time_ns).time_since_epoch())
                       .count());
  const bool failed = r.event == SONDE_NET_CLOSE && net::has_failed(r);
  row.emplace_back(std::string(failed ? "failure" : net::event_name(r.event)));
  const std::string comm = comm_of(r);
  const bool known = r.owner.tgid != 0 || !comm.empty();
  row.push_back(known ? Value{std::uint64_t{r.owner.tgid}} : Value{});
  row.push_back(known ? Value{comm} : Value{});
  row.emplace_back(std::string(net::protocol_name(r.ends.family, r.ends.protocol, r.ends.type)));
  row.emplace_back(std::string(net::family_name(r.ends.family)));
  row.push_back(text_or_null(net::role_name(r.role)));
  row.emplace_back(std::uint64_t{r.ends.netns});
  const bool has_remote = r.ends.remote_port != 0;
  row.emplace_back(net::address_text(r.ends.local));
  row.push_back(number_or_null(r.ends.local_port));
  row.push_back(has_remote ? Value{net::address_text(r.ends.remote)} : Value{});
  row.push_back(number_or_null(r.ends.remote_port));
  row.emplace_back(std::string(net::state_name(r.state)));
  row.emplace_back(r.tx_bytes);
  row.emplace_back(r.rx_bytes);
  row.push_back(net::has_failed_unseen(r) ? Value{} : Value{std::uint64_t{r.retransmits}});
  row.push_back(number_or_null(r.connect_ns));
  row.push_back(r.start_ns == 0 ? Value{} : Value{r.header.time_ns - r.start_ns});
  row.push_back(text_or_null(net::close_reason(r)));
  row.push_back(error == 0 ? Value{} : Value{syscalls::errno_name(error)});
  row.push_back(
      text_or_null(r.event == SONDE_NET_CLOSE ? net::explanation(r, ending) : std::string()));
  row.emplace_back(event_text(r, ending));
  return row;
}

namespace {

NetworkEndpoint endpoint(const std::uint8_t (&address)[16], std::uint16_t port) {
  return {net::address_text(address), port};
}

}  // namespace

std::optional<EbpfEvent> typed_net_event(const sonde_connection_record& r,
                                         const core::WallClock& clock) {
  if (r.role == SONDE_NET_ROLE_LISTENER) return {};
  using std::chrono::nanoseconds;
  EbpfEvent event;
  event.time = clock.time(r.header.time_ns);
  event.pid = static_cast<std::int32_t>(r.owner.tgid);
  event.tid = static_cast<std::int32_t>(r.owner.tid);
  event.comm = comm_of(r);
  const int error = net::ending_error(r);
  const bool established = (r.flags & SONDE_NET_ESTABLISHED_ONCE) != 0;
  const bool client = r.role == SONDE_NET_ROLE_CLIENT;
  const bool connected = (r.event == SONDE_NET_ESTABLISHED && client) ||
                         (r.event == SONDE_NET_ACCEPT) ||
                         (r.event == SONDE_NET_CLOSE && client && !established);
  if (connected) {
    NetworkConnect data;
    data.local = endpoint(r.ends.local, r.ends.local_port);
    data.remote = endpoint(r.ends.remote, r.ends.remote_port);
    data.accepted = !client;
    if (r.connect_ns != 0) data.latency = nanoseconds(r.connect_ns);
    if (error != 0) data.error = syscalls::errno_name(error);
    event.data = std::move(data);
    return event;
  }
  if (r.event != SONDE_NET_CLOSE) return {};
  NetworkDisconnect data;
  data.local = endpoint(r.ends.local, r.ends.local_port);
  data.remote = endpoint(r.ends.remote, r.ends.remote_port);
  data.sent_bytes = r.tx_bytes;
  data.received_bytes = r.rx_bytes;
  if (r.start_ns != 0) data.lifetime = nanoseconds(r.header.time_ns - r.start_ns);
  if (error != 0) data.error = syscalls::errno_name(error);
  event.data = std::move(data);
  return event;
}

}  // namespace sonde::tracers
