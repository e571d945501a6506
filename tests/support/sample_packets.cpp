#include "report/net_tables.hpp"
#include "sample_reports.hpp"

namespace sonde::test {
namespace {

constexpr auto kNone = std::monostate{};

Value text(const char* value) {
  return std::string(value);
}
Value number(std::uint64_t value) {
  return value;
}

std::int64_t at(std::int64_t milliseconds) {
  return (1'767'225'600'000 + milliseconds) * 1'000'000;
}

Table dns() {
  Table table = report::dns_table();
  table.rows = {
      {at(900),
       number(100),
       text("curl"),
       text("udp"),
       text("ipv4"),
       number(4026531840),
       text("192.0.2.7"),
       number(40001),
       text("192.0.2.53"),
       number(53),
       number(4711),
       text("nowhere.example"),
       text("AAAA"),
       text("answered"),
       text("NXDOMAIN"),
       text("NXDOMAIN"),
       number(1'250'000),
       std::vector<std::string>{},
       false,
       text("192.0.2.53 answers NXDOMAIN for nowhere.example: the name does not exist"),
       text("dns AAAA nowhere.example @192.0.2.53: NXDOMAIN in 1.250 ms: 192.0.2.53 answers "
            "NXDOMAIN for nowhere.example: the name does not exist")},
      {at(950),
       number(100),
       text("curl"),
       text("udp"),
       text("ipv4"),
       number(4026531840),
       text("192.0.2.7"),
       number(40002),
       text("192.0.2.54"),
       number(53),
       number(4712),
       text("slow.example"),
       text("A"),
       text("timeout"),
       kNone,
       text("timeout"),
       kNone,
       kNone,
       kNone,
       text("no answer from 192.0.2.54 port 53 within 5 s"),
       text("dns A slow.example @192.0.2.54: timeout: no answer from 192.0.2.54 port 53 within 5 "
            "s")},
      {at(1000),
       kNone,
       kNone,
       text("tcp"),
       text("ipv6"),
       number(4026531840),
       text("2001:db8::7"),
       number(40003),
       text("2001:db8::53"),
       number(53),
       number(4713),
       text("www.example"),
       text("A"),
       text("answered"),
       text("NOERROR"),
       text("NOERROR"),
       number(830'000),
       std::vector<std::string>{"CNAME cdn.example", "A 192.0.2.1"},
       false,
       kNone,
       text("dns A www.example @2001:db8::53 tcp: NOERROR in 0.830 ms (CNAME cdn.example, A "
            "192.0.2.1)")},
  };
  return table;
}

Table drops() {
  Table table = report::drop_table();
  table.rows = {
      {at(1000), number(94), number(49'632), text("SOCKET_RCVBUFF"), text("udp"), text("192.0.2.9"),
       number(5001), text("192.0.2.7"), number(4000), text("eth0"), number(4026531840), number(200),
       text("receiver"), text("udp_queue_rcv_one_skb"),
       text("drop SOCKET_RCVBUFF udp 192.0.2.9:5001 -> 192.0.2.7:4000 49632 bytes on eth0 in "
            "udp_queue_rcv_one_skb")},
      {at(1100), number(2), number(64), text("NOT_SPECIFIED"), kNone, kNone, kNone, kNone, kNone,
       kNone, kNone, kNone, kNone, text("netlink_unicast"),
       text("drop NOT_SPECIFIED 64 bytes in netlink_unicast")},
  };
  return table;
}

StackProfile drop_stacks() {
  StackProfile profile;
  profile.title = "Stacks of dropped packets";
  profile.type = "drop_stack";
  profile.by_process = true;
  profile.sample_types = {{"packets", "count"}};
  profile.details = {{"reason", "REASON"}};
  profile.modules = {{"[kernel]", ""}};
  profile.frames = {
      {"udp_queue_rcv_one_skb", 0, FrameKind::kernel, 0xffffffff81000010},
      {"__udp4_lib_rcv", 0, FrameKind::kernel, 0xffffffff81000020},
      {"netlink_unicast", 0, FrameKind::kernel, 0xffffffff81000030},
  };
  profile.stacks = {{200, 200, "receiver", {0, 1}, {94}, {text("SOCKET_RCVBUFF")}},
                    {0, 0, "", {2}, {2}, {text("NOT_SPECIFIED")}}};
  return profile;
}

}  // namespace

Report packets_report() {
  Report report = net_report();
  report.sections = {drops(), drop_stacks(), dns()};
  return report;
}

}  // namespace sonde::test
