#pragma once

#include <optional>
#include <sonde/syscall_tracer.hpp>

#include "trace_session.hpp"

namespace sonde::cli {

class SyscallSession final : public TracerSession<EbpfSyscallTracer> {
 public:
  using TracerSession::TracerSession;
  std::optional<Table> live() override { return call_table(tracer_.take_events()); }
};

}  // namespace sonde::cli
