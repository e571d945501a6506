// Where reports go: the flags for it, and the renderer and sink that they select.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <sonde/config.hpp>
#include <sonde/report.hpp>
#include <string>
#include <utility>

#include "render/renderer.hpp"
#include "sink/sink.hpp"

namespace CLI {
class App;
}

namespace sonde::cli {

/// The flags as they were written, and what the command says of its reports.
struct OutputOptions {
  std::string format;
  std::string file;
  std::string top;
  std::string color = "auto";
  bool quiet = false;
  bool verbose = false;
  /// The command's reports are short tables: all rows are shown, and formats for stacks refused.
  bool tables_only = false;
  /// The command may write a file for each tracer into a folder.
  bool folders = false;
  /// As those of TracerEntry, if one tracer runs.
  bool folds = false;
  std::string stacks_fix;

  /// Where the name of the format comes from, for errors.
  std::string format_source = "--format";

  void add_to(CLI::App& app);
  /// Takes from the configuration what no flag says: its file, and its format unless the file of a
  /// flag has an ending that tells.
  void complete_with(const OutputSettings& settings);
};

/// What a session will hand to its output besides the last report.
struct OutputUse {
  bool intervals = false;
  bool live = false;
};

class Output {
 public:
  /// Opens the file now, so that a folder that does not exist is found out before tracing.
  /// ConfigError, OutputFailed.
  static Result<Output> open(const OutputOptions& options, OutputUse use);

  /// What the command knows of a report's header that the tracer does not.
  void complete_header_with(std::function<void(ReportHeader&)> complete) {
    complete_header_ = std::move(complete);
  }

  Result<void> interval(const Report& report);
  /// Events as they happen. `begin` must have been called with the session's header.
  Result<void> rows(const Table& table) { return renderer_->rows(table); }
  /// Called by the other methods if it was not before.
  Result<void> begin(ReportHeader header);
  /// The last report; the file appears under its name. What the format cannot show of books and
  /// cost goes to stderr.
  Result<void> finish(const Report& report);

  /// File to remove if the process ends without destroying this object; empty if there is none.
  const std::string& temporary_file() const noexcept { return temporary_file_; }

 private:
  Output() = default;

  const render::RendererEntry* format_ = nullptr;
  std::unique_ptr<sink::Sink> sink_;
  std::unique_ptr<render::Renderer> renderer_;
  std::string temporary_file_;
  std::function<void(ReportHeader&)> complete_header_;
  bool quiet_ = false;
  bool begun_ = false;
};

/// The reader of the output has gone away (| head): not an error of ours.
bool is_closed_pipe(const Error& error) noexcept;

}  // namespace sonde::cli
