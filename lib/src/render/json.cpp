// For programs: one object a line, by schema.json.
#include <chrono>
#include <string>
#include <utility>

#include "render/json_records.hpp"
#include "render/json_row.hpp"
#include "render/json_stacks.hpp"
#include "render/renderer.hpp"

namespace sonde::render {
namespace {

class JsonRenderer final : public Renderer {
 public:
  explicit JsonRenderer(sink::Sink& sink) : sink_(sink) {}

  Result<void> begin(const ReportHeader& header) override {
    if (auto put = line(header_record(header)); !put) return put;
    return sink_.flush();
  }

  Result<void> interval(const Report& report) override {
    if (auto put = records(report); !put) return put;
    const std::chrono::nanoseconds elapsed = report.summary.duration;
    const auto covered = elapsed - std::exchange(reported_, elapsed);
    if (auto put = line(interval_record(report.summary, ++intervals_, covered)); !put) return put;
    return sink_.flush();
  }

  Result<void> rows(const Table& table) override {
    if (auto put = write_rows(table); !put) return put;
    return sink_.flush();
  }

  Result<void> finish(const Report& report) override {
    if (auto put = records(report); !put) return put;
    if (auto put = line(summary_record(report.summary)); !put) return put;
    return sink_.flush();
  }

 private:
  Result<void> line(const Json& record) {
    // Every text was repaired on its way in, so `replace` only keeps dump() from throwing.
    return sink_.write(record.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n');
  }

  Result<void> records(const Report& report) {
    for (const Section& section : report.sections) {
      if (const auto* table = std::get_if<Table>(&section)) {
        if (auto put = write_rows(*table); !put) return put;
        continue;
      }
      if (const auto* histogram = std::get_if<Histogram>(&section)) {
        if (auto put = line(histogram_record(*histogram)); !put) return put;
        continue;
      }
      if (auto put = write_stacks(std::get<StackProfile>(section)); !put) return put;
    }
    return {};
  }

  Result<void> write_rows(const Table& table) {
    const JsonRow line(table);
    lines_.clear();
    for (const auto& row : table.rows)
      line.append(lines_, row);
    return sink_.write(lines_);
  }

  Result<void> write_stacks(const StackProfile& profile) {
    constexpr std::size_t kAtOnce = std::size_t{64} * 1024;
    JsonStacks line(profile);
    lines_.clear();
    for (const Stack& stack : profile.stacks) {
      line.append(lines_, stack);
      if (lines_.size() < kAtOnce) continue;
      if (auto put = sink_.write(lines_); !put) return put;
      lines_.clear();
    }
    return sink_.write(lines_);
  }

  sink::Sink& sink_;
  /// Kept for its memory: a live stream calls rows() many times a second.
  std::string lines_;
  std::size_t intervals_ = 0;
  /// Up to where of the session the earlier intervals reach.
  std::chrono::nanoseconds reported_{0};
};

}  // namespace

extern const RendererEntry json_renderer;
const RendererEntry json_renderer = {
    .name = "json",
    .description = "one JSON object a line; sonde --schema prints its JSON Schema",
    .endings = ".json,.jsonl,.ndjson",
    .intervals = true,
    .live = true,
    .text = true,
    .tables = true,
    .shows_summary = true,
    .make = [](sink::Sink& sink, const RenderOptions&) -> std::unique_ptr<Renderer> {
      return std::make_unique<JsonRenderer>(sink);
    },
};

}  // namespace sonde::render
