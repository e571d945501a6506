#include "outputs.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string_view>
#include <utility>

#include "process_cost.hpp"
#include "render/summary_text.hpp"
#include "report/merge.hpp"
#include "terminal.hpp"
#include "util/fail.hpp"

namespace sonde::cli {
namespace {

bool names_folder(const std::string& path) {
  struct stat status {};
  if (path.ends_with('/')) return true;
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

Result<void> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0777) == 0 || errno == EEXIST) return {};
  return fail_errno(ErrorCode::OutputFailed, "create " + path);
}

// FOLDER/cpu.json, by the first ending of the format.
OutputOptions file_in_folder(const OutputOptions& options, const TracerEntry& tracer) {
  OutputOptions file = options;
  if (file.format.empty()) file.format = render::all_renderers().front()->name;
  const render::RendererEntry* const format = render::find_renderer(file.format);
  const std::string_view endings = format == nullptr ? std::string_view{} : format->endings;
  file.file = fmt::format("{}{}{}{}", options.file, options.file.ends_with('/') ? "" : "/",
                          tracer.name, endings.substr(0, endings.find(',')));
  file.folds = tracer.folds;
  file.stacks_fix = tracer.stacks_fix;
  // The summary of all of them goes to stderr once.
  file.quiet = true;
  return file;
}

Result<void> check_for_several(const OutputOptions& options) {
  const render::RendererEntry* const format = options.format.empty()
                                                  ? render::renderer_for_file(options.file)
                                                  : render::find_renderer(options.format);
  if (format == nullptr || format->tables) return {};
  return fail(
      ErrorCode::ConfigError,
      fmt::format("format {} holds the stacks of one tracer, and several run", format->name),
      "Write a file for each, with -o FOLDER/");
}

std::vector<Report> without_lanes(std::vector<LaneReport> lanes) {
  std::vector<Report> reports;
  for (LaneReport& lane : lanes)
    reports.push_back(std::move(lane.report));
  return reports;
}

void add_notices(const std::vector<std::string>& notices, ReportSummary& summary) {
  summary.notices.insert(summary.notices.end(), notices.begin(), notices.end());
}

}  // namespace

Result<Outputs> Outputs::open(const OutputOptions& options, const std::vector<TracerEntry>& tracers,
                              bool intervals) {
  Outputs outputs;
  outputs.quiet_ = options.quiet;
  outputs.folder_ = options.folders && names_folder(options.file);
  if (!outputs.folder_) {
    OutputOptions one = options;
    if (tracers.size() == 1) {
      one.folds = tracers.front().folds;
      one.stacks_fix = tracers.front().stacks_fix;
    } else {
      if (auto checked = check_for_several(options); !checked) {
        return tl::unexpected(std::move(checked.error()));
      }
    }
    const bool live = std::ranges::any_of(tracers, &TracerEntry::live);
    auto output = Output::open(one, {intervals, live});
    if (!output) return tl::unexpected(std::move(output.error()));
    outputs.outputs_.push_back(std::move(*output));
    return outputs;
  }
  if (auto made = make_folder(options.file); !made) return tl::unexpected(std::move(made.error()));
  for (const TracerEntry& tracer : tracers) {
    auto output = Output::open(file_in_folder(options, tracer), {intervals, tracer.live});
    if (!output) {
      output.error().what = fmt::format("{}: {}", tracer.name, output.error().what);
      return tl::unexpected(std::move(output.error()));
    }
    outputs.outputs_.push_back(std::move(*output));
  }
  return outputs;
}

void Outputs::complete_header_with(const std::function<void(ReportHeader&)>& complete) {
  for (Output& output : outputs_)
    output.complete_header_with(complete);
}

Result<void> Outputs::begin(std::vector<LaneReport> reports) {
  if (!folder_) {
    return outputs_.front().begin(report::merge(without_lanes(std::move(reports))).header);
  }
  for (LaneReport& lane : reports) {
    if (auto begun = outputs_[lane.lane].begin(std::move(lane.report.header)); !begun) return begun;
  }
  return {};
}

Result<void> Outputs::interval(std::vector<LaneReport> reports) {
  if (!folder_) return outputs_.front().interval(report::merge(without_lanes(std::move(reports))));
  for (const LaneReport& lane : reports) {
    if (auto put = outputs_[lane.lane].interval(lane.report); !put) return put;
  }
  return {};
}

Result<void> Outputs::rows(std::size_t lane, const Table& table) {
  return outputs_[folder_ ? lane : 0].rows(table);
}

Result<ReportSummary> Outputs::finish(std::vector<LaneReport> reports,
                                      const std::vector<std::string>& notices) {
  if (folder_) return finish_folder(std::move(reports), notices);
  Report all = report::merge(without_lanes(std::move(reports)));
  add_notices(notices, all.summary);
  charge_whole_process(all.summary);
  if (auto finished = outputs_.front().finish(all); !finished) {
    return tl::unexpected(std::move(finished.error()));
  }
  return std::move(all.summary);
}

Result<ReportSummary> Outputs::finish_folder(std::vector<LaneReport> reports,
                                             const std::vector<std::string>& notices) {
  for (LaneReport& lane : reports) {
    Report report = lane.report;
    add_notices(notices, report.summary);
    if (auto finished = outputs_[lane.lane].finish(report); !finished) {
      return tl::unexpected(std::move(finished.error()));
    }
    lane.report.sections.clear();
  }
  Report all = report::merge(without_lanes(std::move(reports)));
  add_notices(notices, all.summary);
  charge_whole_process(all.summary);
  if (!quiet_) {
    const auto color = use_color("auto", STDERR_FILENO);
    std::fputs(render::summary_text(all.header, all.summary, color && *color).c_str(), stderr);
  }
  return std::move(all.summary);
}

std::vector<std::string> Outputs::temporary_files() const {
  std::vector<std::string> files;
  for (const Output& output : outputs_) {
    if (!output.temporary_file().empty()) files.push_back(output.temporary_file());
  }
  return files;
}

}  // namespace sonde::cli
