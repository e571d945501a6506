#include "tracers/net/plan.hpp"

#include "tracers/net/lane.hpp"
#include "tracers/plan_entries.hpp"
#include "util/fail.hpp"

namespace sonde::tracers {
namespace {

using core::Feature;
const PlanEntries kEntries("net");

}  // namespace

Result<void> plan_connections(const EbpfConfig& config, const core::FeatureSet& features,
                              std::vector<PlanEntry>& entries) {
  if (!features.has(Feature::socket_storage)) {
    return fail(ErrorCode::IncompatibleKernel,
                "this kernel has no BPF memory of each socket: connections cannot be followed",
                "Boot Linux 5.11 or later");
  }
  entries.push_back(kEntries.primary("connections", "tp_btf:inet_sock_set_state"));
  entries.push_back(kEntries.primary("connections from before", "iter:task_file"));
  entries.push_back(features.has(Feature::route_lookups)
                        ? kEntries.primary("connects without a route",
                                           "tp_btf:fib_table_lookup, tp_btf:fib6_table_lookup")
                        : kEntries.missing("connects without a route",
                                           "a connect that finds no route is not shown",
                                           "boot a kernel with CONFIG_IPV6=y"));
  entries.push_back(
      features.has(Feature::drop_reasons)
          ? kEntries.primary("packets that failures lost", "tp_btf:kfree_skb")
          : kEntries.missing("packets that failures lost",
                             "why the kernel dropped a failed connection's packets is not told",
                             "boot Linux 5.17 or later"));
  if (features.has(Feature::socket_lengths)) {
    entries.push_back(
        kEntries.primary("owners", "tp_btf:sock_send_length, tp_btf:sock_recv_length"));
    entries.push_back(kEntries.primary("UDP and AF_UNIX bytes",
                                       "tp_btf:sock_send_length, tp_btf:sock_recv_length"));
    if (config.network.packets)
      entries.push_back(kEntries.primary("sends and receives",
                                         "tp_btf:sock_send_length, tp_btf:sock_recv_length"));
    return {};
  }
  entries.push_back(kEntries.fallback(
      "owners", "tp_btf:tcp_rcv_space_adjust",
      "an accepted connection is nobody's until its process reads from it or closes it",
      "boot Linux 6.3 or later"));
  entries.push_back(kEntries.missing(
      "UDP and AF_UNIX bytes", "UDP and AF_UNIX sockets are not shown", "boot Linux 6.3 or later"));
  if (config.network.packets)
    entries.push_back(kEntries.missing("sends and receives", "they are not shown one by one",
                                       "boot Linux 6.3 or later"));
  return {};
}

Result<NetPlan> plan_net(const EbpfConfig& config, const core::FeatureSet& features) {
  NetPlan plan;
  for (const NetLaneEntry* lane : net_lanes()) {
    if (!lane->wanted(config.network)) continue;
    if (auto planned = lane->plan(config, features, plan.entries); !planned)
      return tl::unexpected(planned.error());
  }
  plan.program_time = features.has(Feature::bpf_stats);
  plan.entries.push_back(kEntries.own_cost(plan.program_time));
  if (!features.has(Feature::batch_lookup)) plan.entries.push_back(kEntries.map_reads_one_by_one());
  return plan;
}

}  // namespace sonde::tracers
