#pragma once

#include <sonde/network_tracer.hpp>
#include <vector>

#include "trace_session.hpp"

namespace sonde::cli {

class NetSession final : public TracerSession<EbpfNetworkTracer> {
 public:
  using TracerSession::TracerSession;
  std::vector<Table> live() override { return tracer_.take_rows(); }
};

}  // namespace sonde::cli
