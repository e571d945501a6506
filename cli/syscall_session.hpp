#pragma once

#include <sonde/syscall_tracer.hpp>
#include <vector>

#include "trace_session.hpp"

namespace sonde::cli {

class SyscallSession final : public TracerSession<EbpfSyscallTracer> {
 public:
  using TracerSession::TracerSession;
  std::vector<Table> live() override { return {call_table(tracer_.take_events())}; }
};

}  // namespace sonde::cli
