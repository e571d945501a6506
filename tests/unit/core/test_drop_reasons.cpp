#include <bpf/btf.h>

#include <boost/test/unit_test.hpp>
#include <utility>
#include <vector>

#include "core/drop_reasons.hpp"

using sonde::core::DropReasons;
using sonde::core::UniqueBtf;

namespace {

void add_enum(btf* types, const char* name,
              const std::vector<std::pair<const char*, std::int64_t>>& members) {
  BOOST_REQUIRE(::btf__add_enum(types, name, 4) > 0);
  for (const auto& [member, value] : members)
    BOOST_REQUIRE(::btf__add_enum_value(types, member, value) == 0);
}

// As two kernels have it: the numbers differ.
UniqueBtf kernel(int shift) {
  UniqueBtf types(::btf__new_empty());
  add_enum(types.get(), "skb_drop_reason",
           {{"SKB_NOT_DROPPED_YET", 0},
            {"SKB_CONSUMED", 1},
            {"SKB_DROP_REASON_NO_SOCKET", 2 + shift},
            {"SKB_DROP_REASON_SUBSYS_MASK", 0xffff0000}});
  add_enum(types.get(), "skb_drop_reason_subsys",
           {{"SKB_DROP_REASON_SUBSYS_CORE", 0}, {"SKB_DROP_REASON_SUBSYS_OPENVSWITCH", 3}});
  return types;
}

}  // namespace

// Names are those of the kernel that runs, whatever their numbers.
BOOST_AUTO_TEST_CASE(names) {
  for (const int shift : {0, 40}) {
    DropReasons reasons(kernel(shift));
    const auto number = static_cast<std::uint32_t>(2 + shift);
    BOOST_TEST(reasons.name(number) == "NO_SOCKET");
    BOOST_TEST(reasons.number("NO_SOCKET").value() == number);
    BOOST_TEST(reasons.number("CONSUMED").value() == 1u);
    BOOST_TEST(reasons.number("NOT_DROPPED_YET").value() == 0u);
  }
  DropReasons reasons(kernel(0));
  BOOST_TEST(reasons.name(999) == "REASON_999");
  BOOST_TEST(!reasons.number("NOT_HERE").has_value());
}

// A subsystem's reasons are its module's; without that, its name and their number.
BOOST_AUTO_TEST_CASE(subsystems) {
  DropReasons alone(kernel(0));
  BOOST_TEST(alone.name(0x30002) == "OPENVSWITCH_2");
  BOOST_TEST(alone.name(0x70002) == "REASON_458754");

  UniqueBtf base = kernel(0);
  UniqueBtf module(::btf__new_empty_split(base.get()));
  add_enum(module.get(), "ovs_drop_reason",
           {{"OVS_DROP_FIRST", 0x30000}, {"OVS_DROP_METER", 0x30002}});
  add_enum(module.get(), "unrelated", {{"OTHER", 0x30003}});
  std::vector<UniqueBtf> modules;
  modules.push_back(std::move(module));
  DropReasons with_module(std::move(base), std::move(modules));
  BOOST_TEST(with_module.name(0x30002) == "OVS_DROP_METER");
  BOOST_TEST(with_module.name(0x30003) == "OPENVSWITCH_3");
}

// The socket that a packet was on its way to came to the tracepoint in 6.11.
BOOST_AUTO_TEST_CASE(receiver) {
  for (const int arguments : {3, 4, 5}) {
    UniqueBtf types = kernel(0);
    const int integer = ::btf__add_int(types.get(), "int", 4, 0);
    const int prototype = ::btf__add_func_proto(types.get(), 0);
    for (int i = 0; i < arguments; ++i)
      ::btf__add_func_param(types.get(), "", integer);
    const int pointer = ::btf__add_ptr(types.get(), prototype);
    ::btf__add_typedef(types.get(), "btf_trace_kfree_skb", pointer);
    const DropReasons reasons(std::move(types));
    BOOST_TEST(reasons.tells_receiver() == (arguments == 5));
  }
}
