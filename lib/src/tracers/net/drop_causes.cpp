#include "tracers/net/drop_causes.hpp"

#include <bpf/bpf.h>

#include <algorithm>
#include <utility>

namespace sonde::tracers {

Result<void> DropCauses::configure(net_bpf& skeleton) {
  skeleton_ = &skeleton;
  ::bpf_program__set_autoload(skeleton.progs.net_drop_cause, true);
  return names_.configure(skeleton);
}

std::optional<sonde_drop_cause> DropCauses::find(const sonde_drop_ends& ends) const noexcept {
  sonde_drop_cause cause{};
  if (::bpf_map_lookup_elem(::bpf_map__fd(skeleton_->maps.drop_causes), &ends, &cause) != 0)
    return {};
  return cause;
}

std::optional<net::DroppedPackets> DropCauses::of(const sonde_net_ends& ends) {
  sonde_drop_ends sent{};
  std::ranges::copy(ends.local, sent.source);
  std::ranges::copy(ends.remote, sent.destination);
  sent.source_port = ends.local_port;
  sent.destination_port = ends.remote_port;
  sonde_drop_ends received{};
  std::ranges::copy(ends.remote, received.source);
  std::ranges::copy(ends.local, received.destination);
  received.source_port = ends.remote_port;
  received.destination_port = ends.local_port;
  std::optional<sonde_drop_cause> cause = find(sent);
  const std::optional<sonde_drop_cause> back = find(received);
  const bool outgoing = cause.has_value();
  if (!cause) cause = back;
  if (!cause) return {};
  return net::DroppedPackets{.packets = cause->packets,
                             .outgoing = outgoing,
                             .reason = names_.reason(cause->reason),
                             .function = names_.function(cause->location)};
}

}  // namespace sonde::tracers
