// What the run loop needs of a tracer; every tracer class of the library fits.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <sonde/accounting.hpp>
#include <sonde/config.hpp>
#include <sonde/report.hpp>
#include <utility>

namespace sonde::cli {

class TraceSession {
 public:
  virtual ~TraceSession() = default;
  virtual Result<void> start() = 0;
  virtual Result<Report> stop() = 0;
  virtual Result<Report> snapshot() = 0;
  /// Nothing more will be recorded, so there is nothing to wait for.
  virtual bool limit_reached() const = 0;
  virtual Accounting books() const = 0;
  /// What has happened since the last time, for sessions that show events as they happen.
  virtual std::optional<Table> live() { return std::nullopt; }
};

/// One tracer of the library as a session.
template <class Tracer>
class TracerSession : public TraceSession {
 public:
  explicit TracerSession(EbpfConfig config) : tracer_(std::move(config)) {}

  Result<void> start() override { return tracer_.start(); }
  Result<Report> stop() override { return tracer_.stop(); }
  Result<Report> snapshot() override { return tracer_.snapshot(); }
  bool limit_reached() const override {
    if constexpr (requires(const Tracer& tracer) { tracer.limit_reached(); }) {
      return tracer_.limit_reached();
    }
    return false;
  }
  Accounting books() const override { return tracer_.get_stats(); }

 protected:
  Tracer tracer_;
};

/// The configuration is complete only once COMMAND has a pid, so sessions are made late.
using MakeSession = std::function<std::unique_ptr<TraceSession>(EbpfConfig)>;

template <class Session>
MakeSession make_session() {
  return [](EbpfConfig config) { return std::make_unique<Session>(std::move(config)); };
}

}  // namespace sonde::cli
