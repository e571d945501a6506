// The typed result of a session. Renderers read a Report and nothing else; it is plain data,
// standard library only.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <sonde/accounting.hpp>

namespace [[gnu::visibility("default")]] sonde {

/// `timestamp` is in nanoseconds since the Unix epoch.
enum class Unit { none, count, bytes, nanoseconds, microseconds, percent, hertz, timestamp };

/// std::monostate is "not measured": null in JSON, "-" in a table. A list is an array in JSON, and
/// joined by ", " in a table.
using Value = std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string,
                           std::vector<std::string>>;

struct Column {
  /// JSON field name, unit suffix included ("total_ns").
  std::string key;
  /// Heading in a table ("TOTAL"); empty for columns that are for programs only.
  std::string title;
  Unit unit = Unit::none;
};

struct Table {
  /// The "type" of its JSON records.
  std::string type;
  std::string title;
  std::vector<Column> columns;
  /// Each row has columns.size() values.
  std::vector<std::vector<Value>> rows = {};
  /// How a row reads as one line of text when rows are shown as they happen: column keys in braces,
  /// such as "{name}({args}) = {result}". Empty for tables that are shown as a grid.
  std::string line = {};
  /// How a row reads as a folded stack: the columns of its frames, root first, and those whose
  /// numbers are added up for its weight. Both empty for tables that are no stacks.
  std::vector<std::string> fold_frames = {};
  std::vector<std::string> fold_weights = {};
};

/// How often values fell into each range.
struct Histogram {
  /// What it is of: the keys and values of its row.
  std::vector<std::pair<Column, Value>> labels;
  std::string title;
  Unit unit = Unit::nanoseconds;
  struct Bucket {
    /// Values from `low` to below `high`.
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    std::uint64_t count = 0;
  };
  /// In ascending order; those in which nothing fell are left out.
  std::vector<Bucket> buckets;
};

enum class FrameKind { user, kernel, inlined, jit, unknown };
/// "user", "kernel", "inline", "jit" or "unknown": the spelling of the JSON field.
const char* to_string(FrameKind kind) noexcept;

inline constexpr std::uint32_t kNoModule = UINT32_MAX;
inline constexpr std::uint32_t kNoFile = UINT32_MAX;

struct Frame {
  /// Demangled function name, or "[module+0xoffset]" where no symbol is known. Bytes; may be
  /// invalid UTF-8.
  std::string name;
  /// Index into StackProfile::modules, or kNoModule.
  std::uint32_t module = kNoModule;
  FrameKind kind = FrameKind::unknown;
  /// ELF virtual address within the module for a user frame (independent of ASLR); else the
  /// run-time address.
  std::uint64_t address = 0;
  /// Index into StackProfile::files, and the line of the source there, or kNoFile.
  std::uint32_t file = kNoFile;
  std::uint32_t line = 0;
};

struct Module {
  /// Path in the traced process's mount namespace, "[kernel]", a kernel module as "[name]", or
  /// "[vdso]". A deleted file carries " (deleted)".
  std::string path;
  /// Lower-case hexadecimal; empty if the file has none or could not be read.
  std::string build_id;
};

/// Meaning of one position in Stack::values, in pprof's terms: {"samples","count"},
/// {"cpu","nanoseconds"}.
struct SampleType {
  std::string type;
  std::string unit;
  /// JSON field; empty: made of type and unit, "count" for {"samples","count"}.
  std::string key = {};
  /// In tables; empty: the type.
  std::string title = {};
};

struct Stack {
  std::int32_t pid = 0;
  std::int32_t tid = 0;
  /// Bytes; may be invalid UTF-8.
  std::string comm;
  /// Indexes into StackProfile::frames, leaf first; an inlined function precedes the one it was
  /// inlined into.
  std::vector<std::uint32_t> frames;
  /// One value for each StackProfile::sample_types.
  std::vector<std::uint64_t> values;
  /// One value for each StackProfile::details.
  std::vector<Value> details = {};
};

struct StackProfile {
  std::string title;
  /// Sorted by values[0], largest first; tables and folded stacks show that value.
  std::vector<Stack> stacks;
  std::vector<Frame> frames;
  std::vector<Module> modules;
  std::vector<SampleType> sample_types;
  /// Nanoseconds between samples on one CPU; 0 if the profile is not time-sampled.
  std::uint64_t period_ns = 0;
  /// Whose it is, in a report of several tracers; else empty.
  std::string tracer = {};
  /// The "type" of its JSON records.
  std::string type = "stack";
  /// What stacks are told apart by besides their thread and frames, such as the kind of a page
  /// fault: a JSON field, a label in pprof, a leaf in folded stacks (a text as it is, a bool by its
  /// key where it is true), and a table of sums.
  std::vector<Column> details = {};
  /// Stacks are of whole processes: Stack::tid means nothing.
  bool by_process = false;
  /// SampleType::type that pprof shows at first; empty: the last one.
  std::string default_sample_type = {};
  /// Of another measure than the report's first profile: a format that holds one of them leaves it
  /// out.
  bool secondary = false;
  /// Mean bytes between samples of memory; 0 if it was not sampled by bytes.
  std::uint64_t period_bytes = 0;
  /// Source files, as the compiler was told of them. Bytes; may be invalid UTF-8.
  std::vector<std::string> files = {};
};

using Section = std::variant<Table, StackProfile, Histogram>;

/// One feature of a tracer on this kernel: what was chosen and what that costs the user.
struct PlanEntry {
  enum class State { primary, fallback, missing };
  std::string tracer;
  /// What the user gets, such as "cpu sampling".
  std::string feature;
  /// Hook in use, such as "perf_event:cpu-clock"; empty when missing.
  std::string hook;
  State state = State::primary;
  /// What is lost against the primary hook; empty for State::primary.
  std::string consequence;
  /// How to get the primary hook; empty if there is nothing to do.
  std::string fix;
};
const char* to_string(PlanEntry::State state) noexcept;

struct ReportHeader {
  /// The sub-command, such as "cpu".
  std::string command;
  std::string host;
  std::string kernel;
  std::string architecture;
  std::chrono::system_clock::time_point started;
  std::uint32_t online_cpus = 0;
  /// In words, such as "whole system" or "pid 1234".
  std::string target;
  /// Effective configuration, in order.
  std::vector<std::pair<std::string, Value>> config;
  std::vector<PlanEntry> plan;
};

/// What one of several tracers cost: its part of the sum. Its rss_bytes and memory_bytes mean
/// nothing, since tracers share a process.
struct TracerCost {
  std::string tracer;
  Overhead overhead;
};

struct ReportSummary {
  std::chrono::nanoseconds duration{0};
  /// One for each tracer of the session.
  std::vector<Accounting> accounting;
  /// Of all tracers together.
  Overhead overhead;
  /// One for each tracer if there are several; else empty.
  std::vector<TracerCost> costs = {};
  /// What the user must know to read the figures, such as "stopped after 100000 samples
  /// (--max-samples)".
  std::vector<std::string> notices;
};

struct Report {
  ReportHeader header;
  std::vector<Section> sections;
  ReportSummary summary;
};

}  // namespace sonde
