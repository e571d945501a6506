#include "render/summary_text.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "render/grid.hpp"
#include "render/humanize.hpp"
#include "util/text.hpp"

namespace sonde::render {
namespace {

constexpr std::string_view kNotMeasured = "not measured";

std::string line(std::string_view label, std::string_view text, Style style, bool color) {
  return paint(fmt::format("{:<7}", label), Style::dim, color) +
         paint(text::printable(text), style, color) + '\n';
}

// " (map_full 2, ring_full 1)", without reasons that did not occur.
std::string by_reason(const std::map<std::string, std::uint64_t>& counts) {
  std::string reasons;
  for (const auto& [reason, count] : counts) {
    if (count != 0) reasons += fmt::format("{}{} {}", reasons.empty() ? "" : ", ", reason, count);
  }
  return reasons.empty() ? reasons : " (" + reasons + ")";
}

std::string books_line(const Accounting& books) {
  return fmt::format("{}: seen {} {} reported {} + filtered {} + lost {}{} + in flight {}{}",
                     books.tracer, books.seen, books.balanced() ? "=" : "!=", books.reported,
                     books.filtered, books.lost_total(), by_reason(books.lost), books.in_flight,
                     books.balanced() ? "" : ": THE BOOKS DO NOT BALANCE, please report this");
}

// A session's start and end cost the same however short it is, so a share of a short one says
// nothing.
constexpr std::chrono::seconds kWorthAShare{1};

std::string time_of(std::optional<std::uint64_t> cpu_ns) {
  return cpu_ns ? humanize_nanoseconds(static_cast<double>(*cpu_ns)) : std::string(kNotMeasured);
}

std::string percent_of(std::optional<std::uint64_t> cpu_ns, std::chrono::nanoseconds duration) {
  if (!cpu_ns || duration.count() <= 0) return std::string(kNotMeasured);
  return fmt::format("{:.2f}",
                     100.0 * static_cast<double>(*cpu_ns) / static_cast<double>(duration.count()));
}

std::string cpu_cost(const Overhead& cost, std::chrono::nanoseconds duration) {
  if (duration.count() > 0 && duration < kWorthAShare) {
    const std::uint64_t own = cost.user_cpu_ns + cost.system_cpu_ns;
    const std::uint64_t sum = own + cost.bpf_ns.value_or(0) + cost.target_trap_ns.value_or(0);
    return fmt::format("{} of CPU time with start and end: own {}, BPF {}, interrupts and traps {}",
                       time_of(sum), time_of(own), time_of(cost.bpf_ns),
                       time_of(cost.target_trap_ns));
  }
  const std::string sum = std::isfinite(cost.cpu_percent)
                              ? fmt::format("{:.2f} % of one CPU", cost.cpu_percent)
                              : "CPU " + std::string(kNotMeasured);
  return fmt::format("{}: own {}, BPF {}, interrupts and traps {}", sum,
                     percent_of(cost.user_cpu_ns + cost.system_cpu_ns, duration),
                     percent_of(cost.bpf_ns, duration), percent_of(cost.target_trap_ns, duration));
}

std::string memory_cost(const Overhead& cost) {
  const std::string latency = cost.event_latency_us
                                  ? humanize_nanoseconds(*cost.event_latency_us * 1e3)
                                  : std::string(kNotMeasured);
  return fmt::format("{} of memory: RSS {}, maps {}; event latency {}",
                     humanize_bytes(static_cast<double>(cost.memory_bytes)),
                     humanize_bytes(static_cast<double>(cost.rss_bytes)),
                     humanize_bytes(static_cast<double>(cost.map_bytes)), latency);
}

std::string degradation_line(const PlanEntry& entry) {
  std::string text = entry.state == PlanEntry::State::missing
                         ? fmt::format("{}: no {}", entry.tracer, entry.feature)
                         : fmt::format("{}: {} by {}", entry.tracer, entry.feature, entry.hook);
  if (!entry.consequence.empty()) text += ": " + entry.consequence;
  if (!entry.fix.empty()) text += ". Fix: " + entry.fix;
  return text;
}

}  // namespace

std::string books_text(const ReportSummary& summary, bool color) {
  std::string out;
  for (const Accounting& books : summary.accounting) {
    const bool wrong = books.lost_total() != 0 || !books.balanced();
    out += line("books", books_line(books), wrong ? Style::red : Style::plain, color);
    if (books.truncated_total() == 0) continue;
    out += line("",
                fmt::format("{}: {} of the reported stacks are incomplete{}", books.tracer,
                            books.truncated_total(), by_reason(books.truncated)),
                Style::plain, color);
  }
  return out;
}

std::string summary_text(const ReportHeader& header, const ReportSummary& summary, bool color) {
  std::string out = books_text(summary, color);
  if (!summary.accounting.empty()) {
    // The parts of several tracers, then the whole, which has what is no tracer's own, too.
    for (const auto& [tracer, cost] : summary.costs) {
      out += line("cost",
                  fmt::format("{}: {}; maps {}", tracer, cpu_cost(cost, summary.duration),
                              humanize_bytes(static_cast<double>(cost.map_bytes))),
                  Style::plain, color);
    }
    const std::string total = summary.costs.empty() ? "" : "in all: ";
    out += line("cost", total + cpu_cost(summary.overhead, summary.duration), Style::plain, color);
    out += line("", memory_cost(summary.overhead), Style::plain, color);
  }
  for (const std::string& notice : summary.notices)
    out += line("note", notice, Style::plain, color);
  for (const PlanEntry& entry : header.plan) {
    if (entry.state != PlanEntry::State::primary) {
      out += line("limit", degradation_line(entry), Style::plain, color);
    }
  }
  return out;
}

}  // namespace sonde::render
