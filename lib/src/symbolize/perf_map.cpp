#include "symbolize/perf_map.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>

#include "symbolize/line_reader.hpp"
#include "symbolize/range_best.hpp"
#include "util/byte_source.hpp"

namespace sonde::symbolize {
namespace {

constexpr std::uint64_t kMostText = std::uint64_t{256} << 20;

struct JitRange {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::string_view name;
};

std::optional<std::uint64_t> take_hex(std::string_view& text) {
  if (text.starts_with("0x")) text.remove_prefix(2);
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value, 16);
  if (error != std::errc{} || rest == end || *rest != ' ') return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()) + 1);
  return value;
}

std::optional<JitRange> parse_line(std::string_view line) {
  const auto start = take_hex(line);
  const auto size = start ? take_hex(line) : std::nullopt;
  if (!size || *size == 0 || line.empty()) return std::nullopt;
  if (*size > std::numeric_limits<std::uint64_t>::max() - *start) return std::nullopt;
  return JitRange{*start, *start + *size, line};
}

/// A name that was left in the file until it is known to be wanted.
struct NamePlace {
  std::uint64_t offset = 0;
  std::size_t length = 0;
};

}  // namespace

JitNames find_jit_names(int fd, std::span<const std::uint64_t> addresses) {
  const auto later = [](const NamePlace& a, const NamePlace& b) { return a.offset > b.offset; };
  JitNames found;
  RangeBest<NamePlace> latest(addresses.size());
  LineReader lines(fd, kMostText);
  for (LineReader::Line line; lines.next(line);) {
    const std::optional<JitRange> range = parse_line(line.text);
    if (!range) {
      ++found.bad_lines;
      continue;
    }
    const auto first = std::lower_bound(addresses.begin(), addresses.end(), range->start);
    const auto last = std::lower_bound(first, addresses.end(), range->end);
    if (first == last) continue;
    const auto name_start = static_cast<std::size_t>(range->name.data() - line.text.data());
    latest.offer(static_cast<std::size_t>(first - addresses.begin()),
                 static_cast<std::size_t>(last - addresses.begin()),
                 {line.offset + name_start, range->name.size()}, later);
  }
  found.bad_lines += lines.skipped();
  found.cut = lines.cut();

  const ByteSource file(fd);
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    std::string& name = found.names.emplace_back();
    const std::optional<NamePlace> place = latest.best(i, later);
    if (!place) continue;
    name.resize(place->length);
    name.resize(file.read(place->offset, std::as_writable_bytes(std::span(name))));
  }
  return found;
}

}  // namespace sonde::symbolize
