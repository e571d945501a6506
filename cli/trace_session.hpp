// What the run loop needs of a tracer; every tracer class of the library fits.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <sonde/accounting.hpp>
#include <sonde/config.hpp>
#include <sonde/report.hpp>
#include <string>
#include <utility>
#include <vector>

namespace sonde::cli {

class TraceSession {
 public:
  virtual ~TraceSession() = default;
  /// Does what can fail without attaching anything.
  virtual Result<void> prepare() = 0;
  virtual Result<void> start() = 0;
  /// Complete once started.
  virtual ReportHeader header() const = 0;
  virtual Result<Report> stop() = 0;
  virtual Result<Report> snapshot() = 0;
  /// Nothing more will be recorded, so there is nothing to wait for.
  virtual bool limit_reached() const = 0;
  virtual Accounting books() const = 0;
  /// What has happened since the last time, for sessions that show events as they happen: each
  /// table is a run of rows of one type.
  virtual std::vector<Table> live() { return {}; }
};

/// One tracer of the library as a session.
template <class Tracer>
class TracerSession : public TraceSession {
 public:
  explicit TracerSession(EbpfConfig config) : tracer_(std::move(config)) {}

  Result<void> prepare() override { return tracer_.prepare(); }
  Result<void> start() override { return tracer_.start(); }
  ReportHeader header() const override { return tracer_.get_header(); }
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

/// One tracer that a command may run.
struct TracerEntry {
  /// As in reports and file names, such as "cpu".
  std::string name;
  /// The configuration is complete only once COMMAND has a pid, so sessions are made late.
  std::function<std::unique_ptr<TraceSession>(EbpfConfig)> make;
  /// Shows events as they happen.
  bool live = false;
  /// Its tables say how they fold.
  bool folds = false;
  /// How to get stacks from this tracer, whose reports have none this time; empty if they have.
  std::string stacks_fix = {};
};

template <class Session>
TracerEntry tracer_entry(std::string name) {
  return {std::move(name),
          [](EbpfConfig config) { return std::make_unique<Session>(std::move(config)); }};
}

}  // namespace sonde::cli
