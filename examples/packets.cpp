// Live events of the network tracer: each send and receive on a port, as it is made.
#include <poll.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include <sonde/sonde.hpp>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "Usage: packets PORT\n");
    return 2;
  }
  sonde::NetworkOptions network;
  network.ports = {static_cast<std::uint16_t>(std::atoi(argv[1]))};
  network.packets = true;
  sonde::EventOptions live;
  live.enabled = true;
  sonde::EbpfNetworkTracer tracer(
      sonde::EbpfConfig{}.with_network_options(network).with_event_options(live));
  if (const auto started = tracer.start(); !started) {
    std::fprintf(stderr, "%s\n", started.error().message().c_str());
    return 1;
  }
  std::puts("tracing");
  std::fflush(stdout);
  // Ends after a second in which nothing was sent or received.
  pollfd waiting{tracer.get_events_fd(), POLLIN, 0};
  while (::poll(&waiting, 1, 1000) > 0) {
    for (const sonde::EbpfEvent& event : tracer.take_events()) {
      const auto* const packet = event.get_if<sonde::NetworkPacket>();
      if (packet == nullptr) continue;
      std::printf("%s[%d] %s %s:%u %s %s:%u %llu bytes\n", event.comm.c_str(), event.pid,
                  sonde::to_string(packet->protocol), packet->local.address.c_str(),
                  packet->local.port, packet->outgoing ? "->" : "<-",
                  packet->remote.address.c_str(), packet->remote.port,
                  static_cast<unsigned long long>(packet->bytes));
    }
    std::fflush(stdout);
  }
  return tracer.stop() ? 0 : 1;
}
