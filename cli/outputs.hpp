// One stream for all tracers of a command, or a file for each in a folder.
#pragma once

#include <functional>
#include <sonde/error.hpp>
#include <string>
#include <vector>

#include "output.hpp"
#include "trace_sessions.hpp"

namespace sonde::cli {

class Outputs {
 public:
  /// `-o FOLDER/`, or the name of a folder that exists, is a file for each tracer: FOLDER/cpu.json.
  /// ConfigError, OutputFailed.
  static Result<Outputs> open(const OutputOptions& options, const std::vector<TracerEntry>& tracers,
                              bool intervals);

  void complete_header_with(const std::function<void(ReportHeader&)>& complete);

  /// Before rows: the reports need their headers only.
  Result<void> begin(std::vector<LaneReport> reports);
  Result<void> interval(std::vector<LaneReport> reports);
  Result<void> rows(std::size_t lane, const Table& table);
  /// `notices` are for the reader of every file. Gives what all tracers came to.
  Result<ReportSummary> finish(std::vector<LaneReport> reports,
                               const std::vector<std::string>& notices);

  /// Files to remove if the process ends without destroying this object.
  std::vector<std::string> temporary_files() const;

 private:
  Outputs() = default;

  Result<ReportSummary> finish_folder(std::vector<LaneReport> reports,
                                      const std::vector<std::string>& notices);

  /// One, or one for each lane.
  std::vector<Output> outputs_;
  bool folder_ = false;
  bool quiet_ = false;
};

}  // namespace sonde::cli
