// Several tracers that run side by side: started together or not at all, ended at one moment.
#pragma once

#include <sonde/error.hpp>
#include <string>
#include <vector>

#include "trace_session.hpp"

namespace sonde::cli {

/// What one of the tracers reports; `lane` is its place in the list that it was made from.
struct LaneReport {
  std::size_t lane = 0;
  Report report;
};

class TraceSessions {
 public:
  TraceSessions(const std::vector<TracerEntry>& entries, const EbpfConfig& config);

  /// Nothing is attached before every tracer was found able to start. With `keep_going` those that
  /// cannot are said on stderr and left out; an error only if none is left.
  Result<void> start(bool keep_going);
  /// Ends all of them, then reports.
  Result<std::vector<LaneReport>> stop();
  Result<std::vector<LaneReport>> snapshot();
  /// Of those that run, with nothing but a header.
  std::vector<LaneReport> headers() const;

  /// Nothing more will be recorded by any of them.
  bool limit_reached() const;
  /// The sum, for the progress line.
  Accounting books() const;

  struct LiveRows {
    std::size_t lane = 0;
    Table table;
  };
  /// What has happened since the last time, of each that shows events; without those that have
  /// none.
  std::vector<LiveRows> live();

  /// What the reader of the report must know: which tracers were left out.
  const std::vector<std::string>& notices() const noexcept { return notices_; }

 private:
  struct Member {
    std::size_t lane = 0;
    std::string name;
    std::unique_ptr<TraceSession> session;
  };

  /// Calls `step` on each; drops those where it failed if `keep_going`.
  Result<void> each(Result<void> (TraceSession::*step)(), bool keep_going);

  std::vector<Member> members_;
  std::vector<std::string> notices_;
};

}  // namespace sonde::cli
