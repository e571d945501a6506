#pragma once

namespace sonde::core {

/// Whether a program at a tracepoint may read all of a packet, and not only the part that is not in
/// pages: bpf_dynptr_from_skb(). Asks the verifier; loads nothing that stays.
bool can_read_packet_pages() noexcept;

}  // namespace sonde::core
