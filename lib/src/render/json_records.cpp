#include "render/json_records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "util/text.hpp"

namespace sonde::render {
namespace {

std::string repaired(std::string_view bytes) {
  return text::repair_utf8(bytes);
}

Json text_or_null(std::string_view bytes) {
  return bytes.empty() ? Json(nullptr) : Json(repaired(bytes));
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json to_json(const Value& value) {
  return std::visit(
      [](const auto& held) -> Json {
        using Held = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, std::monostate>) {
          return nullptr;
        } else if constexpr (std::is_same_v<Held, std::string>) {
          return repaired(held);
        } else if constexpr (std::is_same_v<Held, std::vector<std::string>>) {
          Json list = Json::array();
          for (const std::string& text : held)
            list.push_back(repaired(text));
          return list;
        } else {
          return held;
        }
      },
      value);
}

// RFC 3339, in UTC, to the millisecond.
std::string rfc3339(std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  const auto rounded = floor<milliseconds>(time);
  const auto day = floor<days>(rounded);
  const year_month_day date(day);
  const hh_mm_ss clock(rounded - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

const char* unit_name(Unit unit) {
  switch (unit) {
    case Unit::bytes:
      return "bytes";
    case Unit::nanoseconds:
      return "ns";
    case Unit::microseconds:
      return "us";
    case Unit::percent:
      return "percent";
    case Unit::hertz:
      return "hz";
    case Unit::timestamp:
    case Unit::none:
    case Unit::count:
      break;
  }
  return "count";
}

Json counts(const std::map<std::string, std::uint64_t>& by_reason) {
  Json object = Json::object();
  for (const auto& [reason, count] : by_reason)
    object[repaired(reason)] = count;
  return object;
}

Json accounting(const std::vector<Accounting>& tracers) {
  Json list = Json::array();
  for (const Accounting& books : tracers) {
    list.push_back({{"tracer", repaired(books.tracer)},
                    {"seen", books.seen},
                    {"reported", books.reported},
                    {"filtered", books.filtered},
                    {"lost", counts(books.lost)},
                    {"in_flight", books.in_flight},
                    {"truncated", counts(books.truncated)}});
  }
  return list;
}

// Memory of the process is not one tracer's.
Json costs(const std::vector<TracerCost>& tracers) {
  Json list = Json::array();
  for (const auto& [tracer, cost] : tracers) {
    list.push_back({{"tracer", repaired(tracer)},
                    {"cpu_percent", cost.cpu_percent},
                    {"user_cpu_ns", cost.user_cpu_ns},
                    {"system_cpu_ns", cost.system_cpu_ns},
                    {"bpf_ns", or_null(cost.bpf_ns)},
                    {"target_trap_ns", or_null(cost.target_trap_ns)},
                    {"map_bytes", cost.map_bytes},
                    {"event_latency_us", or_null(cost.event_latency_us)}});
  }
  return list;
}

Json overhead(const Overhead& cost) {
  return {{"cpu_percent", cost.cpu_percent},
          {"user_cpu_ns", cost.user_cpu_ns},
          {"system_cpu_ns", cost.system_cpu_ns},
          {"bpf_ns", or_null(cost.bpf_ns)},
          {"target_trap_ns", or_null(cost.target_trap_ns)},
          {"memory_bytes", cost.memory_bytes},
          {"rss_bytes", cost.rss_bytes},
          {"map_bytes", cost.map_bytes},
          {"event_latency_us", or_null(cost.event_latency_us)}};
}

}  // namespace

Json header_record(const ReportHeader& header) {
  Json config = Json::object();
  for (const auto& [key, value] : header.config)
    config[repaired(key)] = to_json(value);
  Json plan = Json::array();
  for (const PlanEntry& entry : header.plan) {
    plan.push_back({{"tracer", repaired(entry.tracer)},
                    {"feature", repaired(entry.feature)},
                    {"state", to_string(entry.state)},
                    {"hook", text_or_null(entry.hook)},
                    {"consequence", text_or_null(entry.consequence)},
                    {"fix", text_or_null(entry.fix)}});
  }
  return {{"type", "header"},
          {"schema_version", kSchemaVersion},
          {"sonde_version", SONDE_VERSION},
          {"command", repaired(header.command)},
          {"host", repaired(header.host)},
          {"kernel", repaired(header.kernel)},
          {"architecture", repaired(header.architecture)},
          {"started", rfc3339(header.started)},
          {"online_cpus", header.online_cpus},
          {"target", repaired(header.target)},
          {"config", std::move(config)},
          {"plan", std::move(plan)}};
}

Json histogram_record(const Histogram& histogram) {
  Json record = {{"type", "histogram"}};
  for (const auto& [column, value] : histogram.labels)
    record[repaired(column.key)] = to_json(value);
  record["unit"] = unit_name(histogram.unit);
  Json buckets = Json::array();
  for (const Histogram::Bucket& bucket : histogram.buckets) {
    buckets.push_back({{"low", bucket.low}, {"high", bucket.high}, {"count", bucket.count}});
  }
  record["buckets"] = std::move(buckets);
  return record;
}

Json interval_record(const ReportSummary& summary, std::size_t index,
                     std::chrono::nanoseconds covered) {
  return {{"type", "interval"},
          {"index", index},
          {"duration_ns", covered.count()},
          {"elapsed_ns", summary.duration.count()},
          {"accounting", accounting(summary.accounting)}};
}

Json summary_record(const ReportSummary& summary) {
  Json notices = Json::array();
  for (const std::string& notice : summary.notices)
    notices.push_back(repaired(notice));
  Json record = {
      {"type", "summary"},
      {"duration_ns", summary.duration.count()},
      {"accounting", accounting(summary.accounting)},
      {"overhead", summary.accounting.empty() ? Json(nullptr) : overhead(summary.overhead)},
      {"notices", std::move(notices)}};
  if (!summary.costs.empty()) record["costs"] = costs(summary.costs);
  return record;
}

}  // namespace sonde::render
