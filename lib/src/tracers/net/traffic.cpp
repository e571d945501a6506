#include "tracers/net/traffic.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "net/address.hpp"
#include "process/cgroup_paths.hpp"
#include "report/net_tables.hpp"

namespace sonde::tracers {
namespace {

std::string comm_of(const sonde_net_owner& owner) {
  return {owner.comm, ::strnlen(owner.comm, sizeof(owner.comm))};
}

// A server that forks for each connection has a process for each.
constexpr std::size_t kMostKeys = 50'000;

double rate(std::uint64_t count, std::uint64_t duration_ns) {
  return duration_ns == 0 ? 0 : static_cast<double>(count) * 1e9 / static_cast<double>(duration_ns);
}

std::vector<Column> key_columns(NetworkGroup by) {
  switch (by) {
    case NetworkGroup::process:
    case NetworkGroup::connection:
      break;
    case NetworkGroup::remote:
      return {{"remote_address", "REMOTE"}};
    case NetworkGroup::port:
      return {{"port", "PORT"}};
    case NetworkGroup::cgroup:
      return {{"cgroup", "CGROUP"}};
  }
  return {{"pid", "PID"}, {"comm", "COMMAND"}};
}

}  // namespace

TrafficSum& TrafficSum::operator+=(const TrafficSum& other) noexcept {
  tx_bytes += other.tx_bytes;
  rx_bytes += other.rx_bytes;
  tx_packets += other.tx_packets;
  rx_packets += other.rx_packets;
  retransmits += other.retransmits;
  opened += other.opened;
  closed += other.closed;
  failed += other.failed;
  return *this;
}

std::uint16_t service_port(const sonde_net_ends& ends, std::uint8_t role) noexcept {
  switch (role) {
    case SONDE_NET_ROLE_CLIENT:
      return ends.remote_port;
    case SONDE_NET_ROLE_SERVER:
    case SONDE_NET_ROLE_LISTENER:
      return ends.local_port;
    default:
      break;
  }
  if (ends.local_port == 0 || ends.remote_port == 0)
    return std::max(ends.local_port, ends.remote_port);
  return std::min(ends.local_port, ends.remote_port);
}

Traffic::Key Traffic::key_of(const sonde_net_owner& owner, const sonde_net_ends& ends,
                             std::uint8_t role) const {
  switch (by_) {
    case NetworkGroup::remote:
      return {0, ends.family == AF_UNIX ? "unix" : net::address_text(ends.remote)};
    case NetworkGroup::port:
      return {service_port(ends, role), {}};
    case NetworkGroup::cgroup:
      return {owner.cgroup, {}};
    case NetworkGroup::process:
    case NetworkGroup::connection:
      break;
  }
  return {owner.tgid, comm_of(owner)};
}

void Traffic::add(const Key& key, const TrafficSum& sum) {
  total_ += sum;
  for (Sums* const sums : {&since_start_, &interval_}) {
    const bool known = sums->size() < kMostKeys || sums->contains(key);
    (*sums)[known ? key : Key{0, "(others)"}] += sum;
  }
}

// The difference to what was added before; a connection that was there before sonde begins with
// what it had then.
TrafficSum Traffic::news_of(const sonde_connection_record& record, bool last) {
  TrafficSum now;
  now.tx_bytes = record.tx_bytes - std::min(record.tx_bytes, record.tx_before);
  now.rx_bytes = record.rx_bytes - std::min(record.rx_bytes, record.rx_before);
  now.tx_packets = record.tx_segments - std::min(record.tx_segments, record.tx_segments_before);
  now.rx_packets = record.rx_segments - std::min(record.rx_segments, record.rx_segments_before);
  now.retransmits = record.retransmits - std::min(record.retransmits, record.retransmits_before);
  now.opened = (record.flags & SONDE_NET_FOUND) == 0 ? 1 : 0;
  TrafficSum before;
  const auto found = added_.find(record.id);
  if (found != added_.end()) before = found->second;
  if (last) {
    if (found != added_.end()) added_.erase(found);
  } else {
    added_[record.id] = now;
  }
  now.tx_bytes -= std::min(now.tx_bytes, before.tx_bytes);
  now.rx_bytes -= std::min(now.rx_bytes, before.rx_bytes);
  now.tx_packets -= std::min(now.tx_packets, before.tx_packets);
  now.rx_packets -= std::min(now.rx_packets, before.rx_packets);
  now.retransmits -= std::min(now.retransmits, before.retransmits);
  now.opened -= std::min(now.opened, before.opened);
  return now;
}

void Traffic::add_live(const sonde_connection_record& record) {
  if (record.role == SONDE_NET_ROLE_LISTENER) return;
  add(key_of(record.owner, record.ends, record.role), news_of(record, false));
}

void Traffic::add_closed(const sonde_connection_record& record, bool failed) {
  if (record.role == SONDE_NET_ROLE_LISTENER) return;
  TrafficSum news = news_of(record, true);
  news.closed = 1;
  news.failed = failed ? 1 : 0;
  add(key_of(record.owner, record.ends, record.role), news);
}

void Traffic::add_late_read(const sonde_connection_record& record, std::uint64_t bytes) {
  TrafficSum sum;
  sum.rx_bytes = bytes;
  add(key_of(record.owner, record.ends, record.role), sum);
}

void Traffic::add_flow(const sonde_flow& news) {
  TrafficSum sum;
  sum.tx_bytes = news.tx_bytes;
  sum.rx_bytes = news.rx_bytes;
  sum.tx_packets = news.tx_messages;
  sum.rx_packets = news.rx_messages;
  add(key_of(news.owner, news.ends, SONDE_NET_ROLE_UNKNOWN), sum);
}

Table Traffic::take_interval(std::uint64_t now_ns) {
  const Sums sums = std::exchange(interval_, {});
  return table(sums, now_ns - std::exchange(interval_ns_, now_ns));
}

Table Traffic::all(std::uint64_t now_ns) const {
  return table(since_start_, now_ns - started_ns_);
}

Table Traffic::table(const Sums& sums, std::uint64_t duration_ns) const {
  auto paths =
      by_ == NetworkGroup::cgroup ? process::cgroup_paths() : decltype(process::cgroup_paths()){};
  Table table = report::traffic_table(key_columns(by_));
  std::vector<std::pair<Key, TrafficSum>> rows(sums.begin(), sums.end());
  std::ranges::stable_sort(rows, [](const auto& a, const auto& b) {
    return a.second.tx_bytes + a.second.rx_bytes > b.second.tx_bytes + b.second.rx_bytes;
  });
  for (const auto& [key, sum] : rows) {
    if (sum.tx_bytes + sum.rx_bytes + sum.opened + sum.closed + sum.tx_packets + sum.rx_packets ==
        0)
      continue;
    std::vector<Value>& row = table.rows.emplace_back();
    switch (by_) {
      case NetworkGroup::process:
      case NetworkGroup::connection:
        // Nobody has touched it.
        row.push_back(key.number == 0 ? Value{} : Value{key.number});
        row.push_back(key.name.empty() ? Value{} : Value{key.name});
        break;
      case NetworkGroup::remote:
        row.emplace_back(key.name);
        break;
      case NetworkGroup::port:
        row.push_back(key.number == 0 ? Value{} : Value{key.number});
        break;
      case NetworkGroup::cgroup:
        row.push_back(paths.contains(key.number) ? Value{paths[key.number]} : Value{});
        break;
    }
    row.insert(row.end(),
               {sum.tx_bytes, sum.rx_bytes, rate(sum.tx_bytes, duration_ns),
                rate(sum.rx_bytes, duration_ns), sum.tx_packets, sum.rx_packets, sum.retransmits,
                sum.opened, sum.closed, sum.failed, rate(sum.opened, duration_ns)});
  }
  return table;
}

}  // namespace sonde::tracers
