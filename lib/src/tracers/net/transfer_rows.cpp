// Sends and receives, as rows and as events of the library.
#include <fmt/format.h>
#include <netinet/in.h>

#include <chrono>
#include <cstring>
#include <string>
#include <utility>

#include "net/address.hpp"
#include "net/names.hpp"
#include "report/net_tables.hpp"
#include "tracers/net/tables.hpp"

namespace sonde::tracers {
namespace {

std::string comm_of(const sonde_transfer_record& r) {
  return {r.owner.comm, ::strnlen(r.owner.comm, sizeof(r.owner.comm))};
}

std::string text_of(const sonde_transfer_record& r) {
  return fmt::format(
      "{} {} {} {} {}", r.sent != 0 ? "send" : "receive",
      net::endpoint_text(r.ends.local, r.ends.local_port), r.sent != 0 ? "->" : "<-",
      r.ends.remote_port == 0 ? "?" : net::endpoint_text(r.ends.remote, r.ends.remote_port),
      r.bytes);
}

Value port_or_null(std::uint16_t port) {
  return port == 0 ? Value{} : Value{std::uint64_t{port}};
}

}  // namespace

std::vector<Value> transfer_row(const sonde_transfer_record& r, const core::WallClock& clock) {
  const Table& table = report::net_event_table();
  std::vector<Value> row(table.columns.size());
  const auto put = [&](std::string_view key, Value value) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (table.columns[i].key == key) row[i] = std::move(value);
    }
  };
  put("time_ns", std::chrono::duration_cast<std::chrono::nanoseconds>(
                     clock.time(r.header.time_ns).time_since_epoch())
                     .count());
  put("event", std::string(r.sent != 0 ? "send" : "receive"));
  put("pid", std::uint64_t{r.owner.tgid});
  put("comm", comm_of(r));
  put("protocol", std::string(net::protocol_name(r.ends.family, r.ends.protocol, r.ends.type)));
  put("family", std::string(net::family_name(r.ends.family)));
  if (const auto role = net::role_name(r.role); !role.empty()) put("role", std::string(role));
  put("netns", std::uint64_t{r.ends.netns});
  put("local_address", net::address_text(r.ends.local));
  put("local_port", port_or_null(r.ends.local_port));
  if (r.ends.remote_port != 0) put("remote_address", net::address_text(r.ends.remote));
  put("remote_port", port_or_null(r.ends.remote_port));
  put(r.sent != 0 ? "tx_bytes" : "rx_bytes", std::uint64_t{r.bytes});
  put("text", text_of(r));
  return row;
}

EbpfEvent typed_transfer(const sonde_transfer_record& r, const core::WallClock& clock) {
  EbpfEvent event;
  event.time = clock.time(r.header.time_ns);
  event.pid = static_cast<std::int32_t>(r.owner.tgid);
  event.tid = static_cast<std::int32_t>(r.owner.tid);
  event.comm = comm_of(r);
  NetworkPacket packet;
  packet.protocol = r.ends.protocol == IPPROTO_UDP ? NetworkProtocol::udp : NetworkProtocol::tcp;
  packet.local = {net::address_text(r.ends.local), r.ends.local_port};
  if (r.ends.remote_port != 0)
    packet.remote = {net::address_text(r.ends.remote), r.ends.remote_port};
  packet.outgoing = r.sent != 0;
  packet.bytes = r.bytes;
  event.data = std::move(packet);
  return event;
}

}  // namespace sonde::tracers
