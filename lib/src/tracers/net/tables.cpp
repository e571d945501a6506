#include "tracers/net/tables.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string_view>

#include "net/address.hpp"
#include "net/names.hpp"
#include "report/net_tables.hpp"
#include "syscalls/errno_names.hpp"

namespace sonde::tracers {
namespace {

constexpr std::uint8_t kSynSent = 2;

Value text_or_null(std::string_view text) {
  return text.empty() ? Value{} : Value{std::string(text)};
}

// 0 stands for "not measured" in the records.
Value number_or_null(std::uint64_t number) {
  return number == 0 ? Value{} : Value{number};
}

void add_owner(std::vector<Value>& row, const sonde_net_owner& owner, const CgroupPath& cgroup) {
  const std::string comm(owner.comm, ::strnlen(owner.comm, sizeof(owner.comm)));
  const bool known = owner.tgid != 0 || !comm.empty();
  row.push_back(known ? Value{std::uint64_t{owner.tgid}} : Value{});
  row.push_back(known ? Value{comm} : Value{});
  row.push_back(known ? text_or_null(cgroup(owner.cgroup)) : Value{});
}

void add_ends(std::vector<Value>& row, const sonde_net_ends& ends) {
  const bool has_ports = ends.family != AF_UNIX;
  const bool has_remote = has_ports && ends.remote_port != 0;
  row.push_back(has_ports ? Value{net::address_text(ends.local)} : Value{});
  row.push_back(has_ports && ends.local_port != 0 ? Value{std::uint64_t{ends.local_port}}
                                                  : Value{});
  row.push_back(has_remote ? Value{net::address_text(ends.remote)} : Value{});
  row.push_back(has_remote ? Value{std::uint64_t{ends.remote_port}} : Value{});
}

}  // namespace

std::vector<Value> connection_row(const sonde_connection_record& r,
                                  const net::EndingContext& context, const CgroupPath& cgroup) {
  constexpr std::uint32_t kNoRtt = ~std::uint32_t{0};
  const bool established = (r.flags & SONDE_NET_ESTABLISHED_ONCE) != 0;
  const int error = r.state == kSynSent ? 0 : net::ending_error(r);
  std::vector<Value> row;
  row.reserve(report::connection_table(false).columns.size());
  add_owner(row, r.owner, cgroup);
  row.emplace_back(std::string(net::protocol_name(r.ends.family, r.ends.protocol, r.ends.type)));
  row.emplace_back(std::string(net::family_name(r.ends.family)));
  row.push_back(text_or_null(net::role_name(r.role)));
  row.emplace_back(std::uint64_t{r.ends.netns});
  add_ends(row, r.ends);
  row.emplace_back(std::string(net::state_name(r.state)));
  row.emplace_back(r.tx_bytes);
  row.emplace_back(r.rx_bytes);
  for (const std::uint32_t count : {r.tx_segments, r.rx_segments, r.retransmits})
    row.push_back(net::has_failed_unseen(r) ? Value{} : Value{std::uint64_t{count}});
  row.push_back(number_or_null(r.srtt_us));
  row.push_back(established && r.min_rtt_us != kNoRtt ? Value{std::uint64_t{r.min_rtt_us}}
                                                      : Value{});
  row.push_back(established ? Value{std::uint64_t{r.cwnd}} : Value{});
  row.push_back(number_or_null(r.connect_ns));
  row.push_back(number_or_null(r.accept_ns));
  row.push_back(r.start_ns == 0 ? Value{} : Value{r.header.time_ns - r.start_ns});
  row.emplace_back((r.flags & SONDE_NET_FOUND) != 0);
  row.push_back(text_or_null(net::close_reason(r)));
  row.push_back(error == 0 ? Value{} : Value{std::int64_t{error}});
  row.push_back(error == 0 ? Value{} : Value{syscalls::errno_name(error)});
  row.push_back(text_or_null(net::explanation(r, context)));
  const net::DroppedPackets dropped = context.dropped.value_or(net::DroppedPackets{});
  row.push_back(number_or_null(dropped.packets));
  row.push_back(text_or_null(dropped.reason));
  row.push_back(text_or_null(dropped.function));
  row.push_back(text_or_null(context.remote_name));
  row.push_back(text_or_null(context.failed_lookup.why));
  row.emplace_back();
  return row;
}

std::vector<Value> flow_row(const sonde_flow& f, const CgroupPath& cgroup) {
  std::vector<Value> row;
  row.reserve(report::connection_table(false).columns.size());
  add_owner(row, f.owner, cgroup);
  row.emplace_back(std::string(net::protocol_name(f.ends.family, f.ends.protocol, f.ends.type)));
  row.emplace_back(std::string(net::family_name(f.ends.family)));
  row.emplace_back();
  row.emplace_back(std::uint64_t{f.ends.netns});
  add_ends(row, f.ends);
  row.emplace_back();
  row.emplace_back(f.tx_bytes);
  row.emplace_back(f.rx_bytes);
  row.emplace_back(f.tx_messages);
  row.emplace_back(f.rx_messages);
  // Retransmits, round-trip times, cwnd, connect and accept times are TCP's.
  row.resize(row.size() + 6);
  row.emplace_back(f.last_ns - f.first_ns);
  row.emplace_back();
  row.resize(row.size() + 9);
  row.push_back(text_or_null(net::unix_name_text(
      {f.name.path, std::min<std::size_t>(f.name.bytes, sizeof(f.name.path))})));
  return row;
}

std::vector<Value> listener_row(const sonde_connection_record& r, const CgroupPath& cgroup) {
  std::vector<Value> row;
  add_owner(row, r.owner, cgroup);
  row.emplace_back(std::uint64_t{r.ends.netns});
  row.emplace_back(net::address_text(r.ends.local));
  row.emplace_back(std::uint64_t{r.ends.local_port});
  row.emplace_back(std::uint64_t{r.backlog});
  row.emplace_back(std::uint64_t{r.backlog_limit});
  row.emplace_back(std::uint64_t{r.drops});
  return row;
}

}  // namespace sonde::tracers
