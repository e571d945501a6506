#include "config/migrate_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

namespace sonde::config {
namespace {

struct Rule {
  std::string_view found;
  std::string_view replacement;
  std::string_view note;
};

// Longer names before those that they begin with.
constexpr std::array kRust = {
    Rule{"profiling::ebpf", "ebpf", ""},
    Rule{"EbpfProfilerConfig::new()", "EbpfConfig::default()", ""},
    Rule{"EbpfProfilerConfig", "EbpfConfig", ""},
    Rule{"EbpfProfiler", "EbpfCpuProfiler",
         "the other tracers are EbpfNetworkTracer, EbpfSyscallTracer and EbpfMemoryTracer"},
    Rule{"OverheadMetrics", "EbpfOverheadMetrics", "it has event_latency_us, too"},
    Rule{"OverheadTracker", "", "gone: ask a tracer for get_overhead()"},
    Rule{"with_kernel_tracking", "", "gone: cpu.kernel_stacks of a configuration file"},
    Rule{"track_user_space", "", "gone: cpu.user_stacks of a configuration file"},
    Rule{"track_kernel_space", "", "gone: cpu.kernel_stacks of a configuration file"},
};
constexpr std::array kCpp = {
    Rule{"profiling::ebpf", "sonde", ""},
    Rule{"EbpfProfilerConfig::new()", "EbpfConfig{}", ""},
    Rule{"EbpfProfilerConfig", "EbpfConfig", ""},
    Rule{"EbpfProfiler", "EbpfCpuProfiler", "start() and stop() give a Result to look at"},
    Rule{"OverheadMetrics", "Overhead", ""},
    Rule{"OverheadTracker", "", "gone: ask a tracer for get_overhead()"},
    Rule{"with_kernel_tracking", "", "gone: set cpu.kernel_stacks, or use with_cpu_options()"},
    Rule{"track_user_space", "cpu.user_stacks", ""},
    Rule{"track_kernel_space", "cpu.kernel_stacks", ""},
};
constexpr std::string_view kHeader = "#include <sonde/sonde.hpp>";

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// `found` as whole words at `at`.
bool stands_at(std::string_view line, std::size_t at, std::string_view found) {
  if (!line.substr(at).starts_with(found)) return false;
  if (at > 0 && is_word(line[at - 1])) return false;
  const std::size_t end = at + found.size();
  return end == line.size() || !is_word(line[end]) || !is_word(found.back());
}

// Where the path that ends in "…::" before `at` begins: C++ drops it with its last part.
std::size_t path_begin(std::string_view line, std::size_t at) {
  while (at >= 2 && line.substr(at - 2, 2) == "::") {
    at -= 2;
    while (at > 0 && is_word(line[at - 1]))
      --at;
  }
  return at;
}

bool includes_old_header(std::string_view line) {
  const std::size_t begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos || line[begin] != '#') return false;
  return line.find("include", begin) != std::string_view::npos &&
         line.find("profiling/ebpf") != std::string_view::npos;
}

class LineScan {
 public:
  LineScan(SourceLanguage language, SourceScan& scan)
      : cpp_(language == SourceLanguage::cpp),
        rules_(cpp_ ? std::span<const Rule>(kCpp) : std::span<const Rule>(kRust)),
        scan_(scan) {}

  void add(std::string_view line, std::size_t number) {
    if (cpp_ && includes_old_header(line)) {
      const bool dos = line.ends_with('\r');
      scan_.uses.push_back({number, std::string(line.substr(0, line.size() - (dos ? 1 : 0))),
                            std::string(kHeader), ""});
      scan_.changed.append(kHeader).append(dos ? "\r" : "");
      return;
    }
    std::size_t done = 0;
    std::size_t at = 0;
    while (at < line.size()) {
      const auto rule = std::ranges::find_if(
          rules_, [&](const Rule& each) { return stands_at(line, at, each.found); });
      if (rule == rules_.end()) {
        ++at;
        continue;
      }
      const bool is_path = cpp_ && rule->found.starts_with("profiling::");
      const std::size_t begin = is_path ? std::max(done, path_begin(line, at)) : at;
      const std::size_t end = at + rule->found.size();
      const std::string_view found = line.substr(begin, end - begin);
      scan_.uses.push_back(
          {number, std::string(found), std::string(rule->replacement), std::string(rule->note)});
      scan_.changed += line.substr(done, begin - done);
      scan_.changed += rule->replacement.empty() ? found : rule->replacement;
      done = at = end;
    }
    scan_.changed += line.substr(done);
  }

 private:
  bool cpp_;
  std::span<const Rule> rules_;
  SourceScan& scan_;
};

struct Lines {
  std::vector<std::string_view> all;
  bool ends_with_newline = true;
};

Lines lines_of(std::string_view text) {
  Lines lines;
  lines.ends_with_newline = text.empty() || text.back() == '\n';
  while (!text.empty()) {
    const std::size_t newline = text.find('\n');
    lines.all.push_back(text.substr(0, newline));
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
  }
  return lines;
}

}  // namespace

std::optional<SourceLanguage> source_language_of(std::string_view file_name) {
  constexpr std::array<std::string_view, 9> kCppEndings = {".cpp", ".cc",  ".cxx", ".c++", ".hpp",
                                                           ".hh",  ".hxx", ".h",   ".ipp"};
  if (file_name.ends_with(".rs")) return SourceLanguage::rust;
  const bool cpp = std::ranges::any_of(
      kCppEndings, [&](std::string_view ending) { return file_name.ends_with(ending); });
  return cpp ? std::optional(SourceLanguage::cpp) : std::nullopt;
}

SourceScan scan_source(std::string_view text, SourceLanguage language) {
  SourceScan scan;
  LineScan line_scan(language, scan);
  const Lines lines = lines_of(text);
  for (std::size_t i = 0; i < lines.all.size(); ++i) {
    line_scan.add(lines.all[i], i + 1);
    if (i + 1 < lines.all.size() || lines.ends_with_newline) scan.changed += '\n';
  }
  return scan;
}

std::string unified_diff(std::string_view file, std::string_view before, std::string_view after) {
  constexpr std::size_t kContext = 3;
  const Lines old_lines = lines_of(before);
  const Lines new_lines = lines_of(after);
  const std::size_t count = std::min(old_lines.all.size(), new_lines.all.size());
  std::string out;
  const auto put = [&](char mark, const Lines& lines, std::size_t i) {
    out += mark;
    out += lines.all[i];
    out += '\n';
    if (i + 1 == count && !lines.ends_with_newline) out += "\\ No newline at end of file\n";
  };
  const auto differs = [&](std::size_t i) { return old_lines.all[i] != new_lines.all[i]; };
  for (std::size_t i = 0; i < count; ++i) {
    if (!differs(i)) continue;
    const std::size_t begin = i - std::min(i, kContext);
    std::size_t last = i;
    for (std::size_t j = i + 1; j < count && j <= last + 2 * kContext; ++j)
      last = differs(j) ? j : last;
    const std::size_t end = std::min(count, last + kContext + 1);
    if (out.empty()) out = fmt::format("--- {0}\n+++ {0}\n", file);
    out += fmt::format("@@ -{0},{1} +{0},{1} @@\n", begin + 1, end - begin);
    for (std::size_t j = begin; j < end;) {
      if (!differs(j)) {
        put(' ', old_lines, j++);
        continue;
      }
      std::size_t run = j;
      while (run < end && differs(run))
        ++run;
      for (std::size_t k = j; k < run; ++k)
        put('-', old_lines, k);
      for (std::size_t k = j; k < run; ++k)
        put('+', new_lines, k);
      j = run;
    }
    i = end - 1;
  }
  return out;
}

}  // namespace sonde::config
