#include "render/histogram_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "render/grid.hpp"
#include "render/humanize.hpp"
#include "util/text.hpp"

namespace sonde::render {
namespace {

constexpr std::string_view kBar = "█";
constexpr std::string_view kGap = "…";

std::string heading(const Histogram& histogram) {
  std::string text = text::printable(histogram.title);
  for (std::size_t i = 0; i < histogram.labels.size(); ++i) {
    const auto& [column, value] = histogram.labels[i];
    text += fmt::format("{} {}={}", i == 0 ? ":" : ",", text::printable(column.key),
                        humanize(value, column.unit));
  }
  return text;
}

std::string range_text(const Histogram::Bucket& bucket, Unit unit) {
  return fmt::format("[{}, {})", humanize(bucket.low, unit), humanize(bucket.high, unit));
}

std::string bar(std::uint64_t count, std::uint64_t most, std::size_t room) {
  const double share = static_cast<double>(count) / static_cast<double>(most);
  const auto length = static_cast<std::size_t>(std::llround(share * static_cast<double>(room)));
  std::string out;
  for (std::size_t i = 0; i < std::max<std::size_t>(length, count == 0 ? 0 : 1); ++i)
    out += kBar;
  return out;
}

}  // namespace

std::string histogram_text(const Histogram& histogram, std::size_t width, bool color) {
  constexpr std::size_t kUsualWidth = 80;
  constexpr std::size_t kLeastBar = 8;
  std::string out = paint(heading(histogram), Style::bold, color) + '\n';
  if (histogram.buckets.empty()) return out + "  none\n";
  std::vector<std::string> ranges;
  std::size_t range_width = 0;
  std::uint64_t most = 1;
  for (const Histogram::Bucket& bucket : histogram.buckets) {
    ranges.push_back(range_text(bucket, histogram.unit));
    range_width = std::max(range_width, ranges.back().size());
    most = std::max(most, bucket.count);
  }
  const std::size_t count_width = fmt::formatted_size("{}", most);
  const std::size_t used = 2 + range_width + 2 + count_width + 2;
  const std::size_t columns = width == 0 ? kUsualWidth : width;
  const std::size_t room = std::max(columns, used + kLeastBar) - used;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const Histogram::Bucket& bucket = histogram.buckets[i];
    if (i != 0 && bucket.low != histogram.buckets[i - 1].high) out += fmt::format("  {}\n", kGap);
    out += fmt::format("  {:<{}}  {:>{}}  {}\n", ranges[i], range_width, bucket.count, count_width,
                       bar(bucket.count, most, room));
  }
  return out;
}

double error_bound_percent(const Histogram& histogram) {
  double widest = 0;
  for (const Histogram::Bucket& bucket : histogram.buckets) {
    // Values are whole numbers: a bucket of one of them is exact.
    if (bucket.high - bucket.low <= 1 || bucket.low == 0) continue;
    widest = std::max(widest, 50.0 * static_cast<double>(bucket.high - bucket.low) /
                                  static_cast<double>(bucket.low));
  }
  return widest;
}

}  // namespace sonde::render
