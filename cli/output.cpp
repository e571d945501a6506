#include "output.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <utility>
#include <vector>

#include "render/summary_text.hpp"
#include "sink/fd_sink.hpp"
#include "sink/file_sink.hpp"
#include "terminal.hpp"
#include "util/fail.hpp"
#include "util/similar.hpp"

namespace sonde::cli {
namespace {

std::vector<std::string_view> format_names(const OutputOptions& options) {
  std::vector<std::string_view> names;
  for (const render::RendererEntry* entry : render::all_renderers()) {
    if (entry->tables || !options.tables_only) names.push_back(entry->name);
  }
  return names;
}

bool is_stdout(const OutputOptions& options) {
  return options.file.empty() || options.file == "-";
}

Result<const render::RendererEntry*> check_stacks(const OutputOptions& options,
                                                  const render::RendererEntry* format) {
  if (format->tables || options.stacks_fix.empty() || (format->folds_tables && options.folds))
    return format;
  return fail(ErrorCode::ConfigError,
              fmt::format("format {} holds stacks, and none are recorded", format->name),
              options.stacks_fix);
}

Result<const render::RendererEntry*> choose_format(const OutputOptions& options) {
  if (options.format.empty()) {
    const auto* const by_file =
        is_stdout(options) ? nullptr : render::renderer_for_file(options.file);
    const bool fits = by_file != nullptr && (by_file->tables || !options.tables_only);
    return check_stacks(options, fits ? by_file : render::all_renderers().front());
  }
  const std::vector<std::string_view> names = format_names(options);
  if (std::ranges::find(names, options.format) != names.end()) {
    return check_stacks(options, render::find_renderer(options.format));
  }
  if (render::find_renderer(options.format) != nullptr) {
    return fail(ErrorCode::ConfigError,
                fmt::format("format {} holds stacks, and this command has none", options.format));
  }
  return fail(ErrorCode::ConfigError,
              fmt::format("{}: unknown format '{}'{}", options.format_source, options.format,
                          did_you_mean(options.format, names)),
              fmt::format("The formats are {}", fmt::join(names, ", ")));
}

Result<void> check_format(const render::RendererEntry& format, bool to_stdout, OutputUse use) {
  if (!format.text && to_stdout && is_terminal(STDOUT_FILENO)) {
    const std::string_view ending = format.endings.substr(0, format.endings.find(','));
    return fail(ErrorCode::ConfigError,
                fmt::format("format {} is binary and not written to a terminal", format.name),
                fmt::format("Name a file, such as -o profile{}", ending));
  }
  if (use.intervals && !format.intervals) {
    return fail(
        ErrorCode::ConfigError,
        fmt::format("format {} holds one result and cannot be used with --interval", format.name));
  }
  if (use.live && !format.live) {
    return fail(ErrorCode::ConfigError,
                fmt::format("format {} cannot show events as they happen", format.name));
  }
  return {};
}

Result<std::size_t> parse_top(const std::string& text) {
  if (text.empty()) return render::RenderOptions{}.top;
  std::size_t rows = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, rows);
  if (error == std::errc{} && rest == end) return rows;
  return fail(ErrorCode::ConfigError, fmt::format("--top: '{}' is not a number of rows", text));
}

}  // namespace

void OutputOptions::add_to(CLI::App& app) {
  constexpr const char* kGroup = "Output";
  const auto latest = CLI::MultiOptionPolicy::TakeLast;
  app.add_option("-f,--format", format, "Format (default: by FILE's ending, else table)")
      ->type_name(fmt::format("{}", fmt::join(format_names(*this), "|")))
      ->multi_option_policy(latest)
      ->group(kGroup);
  app.add_option("-o,--output", file,
                 folders ? "Write to FILE instead of stdout, or into FOLDER/ a file for each tracer"
                         : "Write to FILE instead of stdout; it appears when complete")
      ->type_name("FILE")
      ->multi_option_policy(latest)
      ->group(kGroup);
  if (!tables_only) {
    app.add_option("-n,--top", top, "Rows of each table, 0 for all (default: 20)")
        ->type_name("N")
        ->multi_option_policy(latest)
        ->group(kGroup);
  }
  app.add_option("--color", color, "Colours (default: auto)")
      ->type_name("auto|always|never")
      ->multi_option_policy(latest)
      ->group(kGroup);
  app.add_flag("-q,--quiet", quiet, "No progress, no summary on stderr; errors only")
      ->group(kGroup);
  app.add_flag("-v,--verbose", verbose, "Say on stderr what is done, with evidence for errors")
      ->group(kGroup);
}

void OutputOptions::complete_with(const OutputSettings& settings) {
  const bool told = !format.empty() || render::renderer_for_file(file) != nullptr;
  if (!told && !settings.format.empty()) {
    format = settings.format;
    format_source = "output.format";
  }
  if (file.empty()) file = settings.file;
}

Result<Output> Output::open(const OutputOptions& options, OutputUse use) {
  Output output;
  const bool to_stdout = is_stdout(options);
  const auto format = choose_format(options);
  if (!format) return tl::unexpected(format.error());
  if (auto checked = check_format(**format, to_stdout, use); !checked) {
    return tl::unexpected(std::move(checked.error()));
  }
  const auto top = options.tables_only ? Result<std::size_t>(0) : parse_top(options.top);
  if (!top) return tl::unexpected(top.error());
  const auto color = use_color(options.color, to_stdout ? STDOUT_FILENO : -1);
  if (!color) return tl::unexpected(color.error());

  if (to_stdout) {
    output.sink_ = std::make_unique<sink::FdSink>(STDOUT_FILENO, "stdout");
  } else {
    auto file = sink::FileSink::open(options.file);
    if (!file) return tl::unexpected(std::move(file.error()));
    output.temporary_file_ = (*file)->temporary_file();
    output.sink_ = std::move(*file);
  }
  const std::size_t width = to_stdout ? terminal_width(STDOUT_FILENO) : 0;
  output.format_ = *format;
  output.renderer_ = output.format_->make(*output.sink_, {*top, width, *color});
  output.quiet_ = options.quiet;
  return output;
}

Result<void> Output::begin(ReportHeader header) {
  if (std::exchange(begun_, true)) return {};
  if (complete_header_) complete_header_(header);
  return renderer_->begin(header);
}

Result<void> Output::interval(const Report& report) {
  if (auto begun = begin(report.header); !begun) return begun;
  return renderer_->interval(report);
}

Result<void> Output::finish(const Report& report) {
  if (auto begun = begin(report.header); !begun) return begun;
  if (auto finished = renderer_->finish(report); !finished) return finished;
  if (auto committed = sink_->commit(); !committed) return committed;
  if (!format_->shows_summary && !quiet_) {
    const auto color = use_color("auto", STDERR_FILENO);
    std::fputs(render::summary_text(report.header, report.summary, color && *color).c_str(),
               stderr);
  }
  return {};
}

bool is_closed_pipe(const Error& error) noexcept {
  return error.code == ErrorCode::OutputFailed && error.sys_errno == EPIPE;
}

}  // namespace sonde::cli
