// Live events in an event loop: the system calls of a process as they return.
#include <poll.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include <sonde/sonde.hpp>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "Usage: live_events PID\n");
    return 2;
  }
  sonde::Target target;
  target.pids = {std::atoi(argv[1])};
  sonde::EventOptions live;
  live.enabled = true;
  sonde::EbpfSyscallTracer tracer(sonde::EbpfConfig{}.with_target(target).with_event_options(live));
  if (const auto started = tracer.start(); !started) {
    std::fprintf(stderr, "%s\n", started.error().message().c_str());
    return 1;
  }
  // Ends after a second without a call.
  pollfd waiting{tracer.get_events_fd(), POLLIN, 0};
  while (::poll(&waiting, 1, 1000) > 0) {
    for (const sonde::EbpfEvent& event : tracer.take_events()) {
      const auto* const call = event.get_if<sonde::Syscall>();
      if (call == nullptr) continue;
      std::printf("%s[%d] %s = %s\n", event.comm.c_str(), event.tid, call->name.c_str(),
                  call->result_text.c_str());
    }
    std::fflush(stdout);
  }
  return tracer.stop() ? 0 : 1;
}
