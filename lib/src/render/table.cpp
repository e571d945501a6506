// For people: what took the time, then what was lost and what it cost.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "render/grid.hpp"
#include "render/histogram_text.hpp"
#include "render/humanize.hpp"
#include "render/profile_totals.hpp"
#include "render/renderer.hpp"
#include "render/row_line.hpp"
#include "render/summary_text.hpp"
#include "util/text.hpp"

namespace sonde::render {
namespace {

using Align = GridColumn::Align;
using Cut = GridColumn::Cut;

double percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

// The thresholds at which perf report colours a row.
Style share_style(double share) {
  if (share >= 5) return Style::red;
  return share >= 0.5 ? Style::green : Style::plain;
}

GridCell share_cell(std::uint64_t part, std::uint64_t whole) {
  const double share = percent(part, whole);
  return {fmt::format("{:.2f}", share), share_style(share)};
}

bool counts_samples(const StackProfile& profile) {
  return profile.sample_types.empty() || profile.sample_types[0].unit == "count";
}

std::string value_text(const StackProfile& profile, std::uint64_t value) {
  if (counts_samples(profile)) return fmt::format("{}", value);
  const std::string& unit = profile.sample_types[0].unit;
  const auto number = static_cast<double>(value);
  if (unit == "bytes") return humanize_bytes(number);
  if (unit == "nanoseconds") return humanize_nanoseconds(number);
  return fmt::format("{} {}", value, text::printable(unit));
}

std::string value_name(const StackProfile& profile) {
  if (profile.sample_types.empty()) return "samples";
  const SampleType& first = profile.sample_types[0];
  return text::printable(first.title.empty() ? first.type : first.title);
}

std::string value_title(const StackProfile& profile) {
  std::string title = value_name(profile);
  for (char& c : title) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return title;
}

// Half of the 95 % confidence interval of a share, in points: the normal approximation of the
// binomial distribution (Wald interval), 1.96 * sqrt(p * (1 - p) / n). Samples that follow each
// other are not quite independent, so it is a guide, not a bound.
double error_points(double share, std::uint64_t samples) {
  return 100 * 1.96 * std::sqrt(share * (1 - share) / static_cast<double>(samples));
}

// The folder is in every other format; here it would push the function out of sight.
std::string_view file_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string error_line(const ProfileTotals& totals) {
  constexpr double kWorthSaying = 0.5;
  const double widest = error_points(0.5, totals.value);
  if (widest < kWorthSaying) return {};
  const FunctionTotal& first = totals.functions.front();
  const double share = percent(first.self, totals.value);
  return fmt::format(
      "  sampling error (95 %): {:.2f} % is ±{:.1f} points; a share of 50 % is ±{:.1f}\n", share,
      error_points(share / 100, totals.value), widest);
}

std::string more_line(std::size_t all, std::size_t shown, std::string_view what) {
  if (shown >= all) return {};
  return fmt::format("  … {} more {} (--top 0 shows all)\n", all - shown, what);
}

class TableRenderer final : public Renderer {
 public:
  TableRenderer(sink::Sink& sink, const RenderOptions& options) : sink_(sink), options_(options) {}

  Result<void> begin(const ReportHeader& header) override {
    header_ = header;
    return {};
  }

  Result<void> interval(const Report& report) override {
    return put(interval_heading(report) + sections(report) +
               books_text(report.summary, options_.color) + '\n');
  }

  Result<void> rows(const Table& table) override {
    RowLine line(table);
    lines_.clear();
    for (const auto& row : table.rows)
      line.append(lines_, row);
    has_rows_ = true;
    return put(lines_);
  }

  Result<void> finish(const Report& report) override {
    std::string heading = intervals_ == 0 ? std::string() : interval_heading(report);
    if (has_rows_) heading += '\n';
    return put(heading + sections(report) + summary_text(header_, report.summary, options_.color));
  }

 private:
  std::string interval_heading(const Report& report) {
    const auto elapsed = static_cast<double>(report.summary.duration.count());
    const std::string text = fmt::format("interval {}, until {} after the start", ++intervals_,
                                         humanize_nanoseconds(elapsed));
    return paint(text, Style::dim, options_.color) + '\n';
  }

  Result<void> put(const std::string& text) {
    if (auto written = sink_.write(text); !written) return written;
    return sink_.flush();
  }

  // What is not the report's first concern is shown in short.
  std::size_t shown(std::size_t rows, const StackProfile& profile) const {
    const std::size_t most =
        profile.secondary ? std::max<std::size_t>(options_.top / 4, 1) : options_.top;
    return options_.top == 0 ? rows : std::min(rows, most);
  }

  std::size_t shown(std::size_t rows) const {
    return options_.top == 0 ? rows : std::min(rows, options_.top);
  }

  std::string sections(const Report& report) {
    const std::chrono::nanoseconds covered =
        report.summary.duration - std::exchange(reported_, report.summary.duration);
    std::string out;
    std::vector<const Histogram*> histograms;
    for (const Section& section : report.sections) {
      if (const auto* table = std::get_if<Table>(&section)) {
        out += table_text(*table) + '\n';
      } else if (const auto* histogram = std::get_if<Histogram>(&section)) {
        histograms.push_back(histogram);
      } else {
        out += profile_text(std::get<StackProfile>(section), covered) + '\n';
      }
    }
    return out + histograms_text(histograms);
  }

  std::string heading(const StackProfile& profile, std::uint64_t total,
                      std::chrono::nanoseconds covered) const {
    std::string text = fmt::format("{}: {} {} in {}", text::printable(profile.title),
                                   value_text(profile, total), value_name(profile),
                                   humanize_nanoseconds(static_cast<double>(covered.count())));
    if (profile.period_ns != 0) {
      text += fmt::format(" at {:.4g} Hz", 1e9 / static_cast<double>(profile.period_ns));
    }
    text += fmt::format(", {}, {} CPU{}", text::printable(header_.target), header_.online_cpus,
                        header_.online_cpus == 1 ? "" : "s");
    return paint(text, Style::bold, options_.color) + '\n';
  }

  std::string profile_text(const StackProfile& profile, std::chrono::nanoseconds covered) const {
    const ProfileTotals totals = totals_of(profile);
    std::string out = heading(profile, totals.value, covered);
    if (totals.value == 0) return out + "  nothing of the target was seen\n";
    out += functions_text(profile, totals);
    if (profile.period_ns != 0 && counts_samples(profile)) out += error_line(totals);
    out += stacks_text(profile, totals);
    if (!totals.details.empty()) out += '\n' + details_text(profile, totals);
    return out + '\n' + processes_text(profile, totals);
  }

  // Of memory the leaf is hardly ever what one wants to know: it is malloc, or memset.
  std::string stacks_text(const StackProfile& profile, const ProfileTotals& totals) const {
    if (profile.secondary || profile.sample_types.empty() ||
        profile.sample_types[0].unit != "bytes")
      return {};
    Grid grid({{"SHARE%", Align::right, Cut::never},
               {value_title(profile), Align::right, Cut::never},
               {"STACK, INNERMOST FIRST", Align::left, Cut::end}});
    const std::size_t most =
        options_.top == 0 ? SIZE_MAX : std::max<std::size_t>(options_.top / 4, 1);
    const auto [stacks, all] = largest_stacks(profile, most);
    for (const StackTotal& stack : stacks) {
      std::string functions;
      for (const std::string_view name : stack.functions)
        functions += (functions.empty() ? "" : " ← ") + text::printable(name);
      grid.add_row({share_cell(stack.value, totals.value),
                    {value_text(profile, stack.value)},
                    {std::move(functions)}});
    }
    return '\n' + grid.text(options_.width, options_.color) +
           more_line(all, stacks.size(), "stacks");
  }

  std::string details_text(const StackProfile& profile, const ProfileTotals& totals) const {
    std::vector<GridColumn> columns = {{"SHARE%", Align::right, Cut::never},
                                       {value_title(profile), Align::right, Cut::never}};
    for (const Column& detail : profile.details)
      columns.push_back({text::printable(detail.title), Align::left, Cut::end});
    Grid grid(std::move(columns));
    const std::size_t rows = shown(totals.details.size(), profile);
    for (std::size_t i = 0; i < rows; ++i) {
      const DetailTotal& sum = totals.details[i];
      std::vector<GridCell> cells = {share_cell(sum.value, totals.value),
                                     {value_text(profile, sum.value)}};
      cells.resize(2 + profile.details.size());
      for (std::size_t d = 0; d < std::min(profile.details.size(), sum.details.size()); ++d)
        cells[2 + d].text = humanize(sum.details[d], profile.details[d].unit);
      grid.add_row(std::move(cells));
    }
    return grid.text(options_.width, options_.color) +
           more_line(totals.details.size(), rows, "rows");
  }

  std::string functions_text(const StackProfile& profile, const ProfileTotals& totals) const {
    Grid grid({{"SELF%", Align::right, Cut::never},
               {"TOTAL%", Align::right, Cut::never},
               {value_title(profile), Align::right, Cut::never},
               {"MODULE", Align::left, Cut::end},
               {"FUNCTION", Align::left, Cut::end}});
    const std::size_t rows = shown(totals.functions.size(), profile);
    for (std::size_t i = 0; i < rows; ++i) {
      const FunctionTotal& function = totals.functions[i];
      grid.add_row({share_cell(function.self, totals.value),
                    {fmt::format("{:.2f}", percent(function.total, totals.value))},
                    {value_text(profile, function.self)},
                    {text::printable(file_name(module_path(profile, function.module)))},
                    {text::printable(function.name)}});
    }
    return grid.text(options_.width, options_.color) +
           more_line(totals.functions.size(), rows, "functions");
  }

  std::string processes_text(const StackProfile& profile, const ProfileTotals& totals) const {
    const bool has_cpu_time = totals.processes.front().cpu_ns.has_value();
    std::vector<GridColumn> columns = {{"SHARE%", Align::right, Cut::never},
                                       {value_title(profile), Align::right, Cut::never}};
    if (has_cpu_time) columns.push_back({"CPU TIME", Align::right, Cut::never});
    columns.push_back({"PID", Align::right, Cut::never});
    columns.push_back({"PROCESS", Align::left, Cut::end});
    Grid grid(std::move(columns));
    const std::size_t rows = shown(totals.processes.size(), profile);
    for (std::size_t i = 0; i < rows; ++i) {
      const ProcessTotal& process = totals.processes[i];
      std::vector<GridCell> cells = {share_cell(process.value, totals.value),
                                     {value_text(profile, process.value)}};
      if (has_cpu_time)
        cells.push_back({humanize_nanoseconds(static_cast<double>(*process.cpu_ns))});
      cells.push_back({fmt::format("{}", process.pid)});
      std::string name = text::printable(process.comm);
      if (process.other_names != 0)
        name += fmt::format(" (+{} thread name{})", process.other_names,
                            process.other_names == 1 ? "" : "s");
      cells.push_back({std::move(name)});
      grid.add_row(std::move(cells));
    }
    return grid.text(options_.width, options_.color) +
           more_line(totals.processes.size(), rows, "processes");
  }

  std::string table_text(const Table& table) const {
    std::string out = paint(text::printable(table.title), Style::bold, options_.color) + '\n';
    if (table.rows.empty()) return out + "  none\n";
    std::vector<GridColumn> columns;
    std::vector<std::size_t> indexes;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      if (table.columns[i].title.empty()) continue;
      indexes.push_back(i);
      const bool is_text = std::any_of(table.rows.begin(), table.rows.end(), [i](const auto& row) {
        return i < row.size() && std::holds_alternative<std::string>(row[i]);
      });
      columns.push_back({text::printable(table.columns[i].title),
                         is_text ? Align::left : Align::right, is_text ? Cut::end : Cut::never});
    }
    Grid grid(std::move(columns));
    const std::size_t rows = shown(table.rows.size());
    for (std::size_t r = 0; r < rows; ++r) {
      std::vector<GridCell> cells(indexes.size());
      for (std::size_t i = 0; i < cells.size(); ++i) {
        const std::size_t index = indexes[i];
        if (index < table.rows[r].size())
          cells[i].text = humanize(table.rows[r][index], table.columns[index].unit);
      }
      grid.add_row(std::move(cells));
    }
    return out + grid.text(options_.width, options_.color) +
           more_line(table.rows.size(), rows, "rows");
  }

  std::string histograms_text(const std::vector<const Histogram*>& histograms) const {
    std::string out;
    double bound = 0;
    const std::size_t count = shown(histograms.size());
    for (std::size_t i = 0; i < count; ++i) {
      out += histogram_text(*histograms[i], options_.width, options_.color) + '\n';
      bound = std::max(bound, error_bound_percent(*histograms[i]));
    }
    out += more_line(histograms.size(), count, "histograms");
    // Rounded up: it is a bound.
    if (bound > 0) {
      out += fmt::format("  a value is within ±{:.1f} % of the middle of its range\n",
                         std::ceil(bound * 10) / 10);
    }
    return out.empty() ? out : out + '\n';
  }

  sink::Sink& sink_;
  RenderOptions options_;
  ReportHeader header_;
  /// Kept for its memory: a live stream calls rows() many times a second.
  std::string lines_;
  bool has_rows_ = false;
  std::size_t intervals_ = 0;
  /// Up to where of the session the earlier intervals reach.
  std::chrono::nanoseconds reported_{0};
};

}  // namespace

extern const RendererEntry table_renderer;
const RendererEntry table_renderer = {
    .name = "table",
    .description = "text for people: top functions, processes, books and cost",
    .endings = ".txt",
    .intervals = true,
    .live = true,
    .text = true,
    .tables = true,
    .shows_summary = true,
    .make = [](sink::Sink& sink, const RenderOptions& options) -> std::unique_ptr<Renderer> {
      return std::make_unique<TableRenderer>(sink, options);
    },
};

}  // namespace sonde::render
