// One interface for every output format. A renderer reads Reports and writes to a Sink; it knows no
// tracer.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include <sonde/report.hpp>
#include "sink/sink.hpp"

namespace sonde::render {

struct RenderOptions {
  /// Rows of each table; 0 is all. Formats for other programs ignore it and are always complete.
  std::size_t top = 20;
  /// Terminal columns; 0 when the output is not a terminal: nothing is cut.
  std::size_t width = 0;
  bool color = false;
};

class Renderer {
 public:
  virtual ~Renderer() = default;
  /// Called once, before anything else; the header is complete, including the plan.
  virtual Result<void> begin(const ReportHeader& header) = 0;
  /// A partial result (--interval): what was recorded since the previous call. The summary's books
  /// cover the session so far.
  virtual Result<void> interval(const Report& report) = 0;
  /// Rows of a live stream, as they happen, in calls between begin() and finish(). OutputFailed
  /// where RendererEntry::live is false.
  virtual Result<void> rows(const Table& table);
  /// The last call: what was recorded since the last interval, or the whole when there was none,
  /// with the final summary.
  virtual Result<void> finish(const Report& report) = 0;
};

struct RendererEntry {
  std::string_view name;
  std::string_view description;
  /// File name endings that select this format when -f is not given, such as ".json", comma
  /// separated.
  std::string_view endings;
  /// False for formats that hold one result (pprof): interval() is then an error the CLI reports
  /// before it starts.
  bool intervals;
  /// False for formats that cannot show rows as they happen: rows() is then an error the CLI
  /// reports before it starts.
  bool live;
  /// False for binary formats, which the CLI refuses to write to a terminal.
  bool text;
  /// False for formats that hold stacks only: they leave Tables out, and finish() fails if there is
  /// nothing else.
  bool tables;
  /// Can show the rows of tables that say how they fold.
  bool folds_tables = false;
  /// False where a reader of the output would not see books, cost and notices: the CLI then prints
  /// summary_text() on stderr.
  bool shows_summary;
  std::unique_ptr<Renderer> (*make)(sink::Sink& sink, const RenderOptions& options);
};

/// Every format, in the order of meson.build's list `renderers`; the first is the default.
std::span<const RendererEntry* const> all_renderers();
/// By name; nullptr if there is none.
const RendererEntry* find_renderer(std::string_view name);
/// By the ending of a file name; nullptr if none fits.
const RendererEntry* renderer_for_file(std::string_view file_name);

}  // namespace sonde::render
