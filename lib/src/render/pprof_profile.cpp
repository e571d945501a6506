#include "render/pprof_profile.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <protozero/pbf_writer.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "render/humanize.hpp"
#include "render/profile_proto.hpp"
#include "render/profile_totals.hpp"
#include "render/summary_text.hpp"
#include "util/text.hpp"

namespace sonde::render {
namespace {

using protozero::pbf_writer;
using Values = std::vector<std::int64_t>;
using Ids = std::vector<std::uint64_t>;

constexpr std::uint64_t kPage = 4096;

std::int64_t to_int64(std::uint64_t value) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(std::min(value, kMost));
}

class PprofEncoder {
 public:
  PprofEncoder() : out_(bytes_) { index("", strings_); }

  void add(const StackProfile& profile, std::size_t first_value, std::size_t all_values);
  void add_sample_types(const std::vector<const StackProfile*>& profiles);
  void add_times(const ReportHeader& header, const ReportSummary& summary);
  void add_comments(std::string_view lines);
  std::string finish();

 private:
  using Index = std::map<std::string, std::int64_t, std::less<>>;
  struct Extent {
    std::uint64_t lowest = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t highest = 0;
    bool has_inlines = false;
    bool has_lines = false;
  };
  struct Line {
    std::uint64_t function = 0;
    std::int64_t number = 0;
  };

  static std::int64_t index(std::string_view key, Index& known) {
    return known.try_emplace(std::string(key), static_cast<std::int64_t>(known.size()))
        .first->second;
  }
  std::int64_t string(std::string_view bytes) { return index(text::repair_utf8(bytes), strings_); }

  void add_value_type(protozero::pbf_tag_type tag, const SampleType& type);
  void add_mappings(const StackProfile& profile);
  void add_label(pbf_writer& sample, std::string_view key, std::string_view text);
  void add_label(pbf_writer& sample, std::string_view key, std::int64_t number);
  void add_detail(pbf_writer& sample, const Column& detail, const Value& value);
  std::uint64_t function_id(std::string_view name, std::string_view file = {});
  Line line_of(const StackProfile& profile, const Frame& frame);
  std::uint64_t add_location(const StackProfile& profile, const std::vector<std::uint32_t>& chain);
  Ids location_ids(const StackProfile& profile, const Stack& stack);

  std::string bytes_;
  pbf_writer out_;
  Index strings_;
  std::map<std::pair<std::int64_t, std::int64_t>, std::uint64_t> functions_;  // by name and file
  /// By the frames they consist of; of the profile being added.
  std::map<std::vector<std::uint32_t>, std::uint64_t> locations_;
  std::uint64_t location_count_ = 0;
  std::uint64_t mapping_count_ = 0;
  /// The mapping's id of the profile's module 0.
  std::uint64_t first_mapping_ = 1;
};

void PprofEncoder::add_value_type(protozero::pbf_tag_type tag, const SampleType& type) {
  const std::int64_t name = string(type.type);
  const std::int64_t unit = string(type.unit);
  pbf_writer writer(out_, tag);
  writer.add_int64(proto::value_type::kType, name);
  writer.add_int64(proto::value_type::kUnit, unit);
}

void PprofEncoder::add_sample_types(const std::vector<const StackProfile*>& profiles) {
  for (const StackProfile* profile : profiles) {
    for (const SampleType& type : profile->sample_types)
      add_value_type(proto::profile::kSampleType, type);
  }
  for (const StackProfile* profile : profiles) {
    if (profile->period_ns == 0 && profile->period_bytes == 0) continue;
    const bool timed = profile->period_ns != 0;
    // As Go's CPU and heap profiles name them.
    add_value_type(proto::profile::kPeriodType,
                   timed ? SampleType{"cpu", "nanoseconds"} : SampleType{"space", "bytes"});
    out_.add_int64(proto::profile::kPeriod,
                   to_int64(timed ? profile->period_ns : profile->period_bytes));
    break;
  }
  if (!profiles.empty() && !profiles[0]->sample_types.empty()) {
    const std::string& wanted = profiles[0]->default_sample_type;
    out_.add_int64(proto::profile::kDefaultSampleType,
                   string(wanted.empty() ? profiles[0]->sample_types.back().type : wanted));
  }
}

// A user frame's address is an ELF virtual address, so its mapping is the file's own address space,
// which begins at 0. Kernel addresses are of the running kernel: there the mapping is the range
// that was seen.
void PprofEncoder::add_mappings(const StackProfile& profile) {
  first_mapping_ = mapping_count_ + 1;
  std::vector<Extent> extents(profile.modules.size());
  for (const Frame& frame : profile.frames) {
    if (frame.module >= extents.size()) continue;
    Extent& extent = extents[frame.module];
    extent.lowest =
        std::min(extent.lowest, frame.kind == FrameKind::kernel ? frame.address & ~(kPage - 1) : 0);
    extent.highest = std::max(extent.highest, frame.address);
    extent.has_inlines |= frame.kind == FrameKind::inlined;
    extent.has_lines |= frame.file < profile.files.size();
  }
  for (std::size_t i = 0; i < extents.size(); ++i) {
    const std::int64_t file = string(profile.modules[i].path);
    const std::int64_t build_id = string(profile.modules[i].build_id);
    const std::uint64_t last = extents[i].highest | (kPage - 1);
    pbf_writer writer(out_, proto::profile::kMapping);
    writer.add_uint64(proto::mapping::kId, ++mapping_count_);
    writer.add_uint64(proto::mapping::kMemoryStart,
                      extents[i].lowest > last ? 0 : extents[i].lowest);
    writer.add_uint64(proto::mapping::kMemoryLimit, std::max(last, last + 1));
    writer.add_int64(proto::mapping::kFilename, file);
    writer.add_int64(proto::mapping::kBuildId, build_id);
    // Tells readers that symbols were looked up: where none was found there is none.
    writer.add_bool(proto::mapping::kHasFunctions, true);
    if (extents[i].has_lines) {
      writer.add_bool(proto::mapping::kHasFilenames, true);
      writer.add_bool(proto::mapping::kHasLineNumbers, true);
    }
    if (extents[i].has_inlines) writer.add_bool(proto::mapping::kHasInlineFrames, true);
  }
}

// system_name stays empty: pprof would take a name that equals it for a mangled one and cut its
// parameters off.
std::uint64_t PprofEncoder::function_id(std::string_view name, std::string_view file) {
  const std::int64_t name_index = string(name);
  const std::int64_t file_index = string(file);
  const auto [known, added] =
      functions_.try_emplace({name_index, file_index}, functions_.size() + 1);
  if (added) {
    pbf_writer writer(out_, proto::profile::kFunction);
    writer.add_uint64(proto::function::kId, known->second);
    writer.add_int64(proto::function::kName, name_index);
    if (!file.empty()) writer.add_int64(proto::function::kFilename, file_index);
  }
  return known->second;
}

PprofEncoder::Line PprofEncoder::line_of(const StackProfile& profile, const Frame& frame) {
  if (frame.file >= profile.files.size()) return {function_id(frame.name), 0};
  return {function_id(frame.name, profile.files[frame.file]), frame.line};
}

// `chain`: the functions that share one instruction, innermost inlined first, as profile.proto
// orders lines. Empty stands for a stack without frames: pprof leaves samples without a location
// out of its figures.
std::uint64_t PprofEncoder::add_location(const StackProfile& profile,
                                         const std::vector<std::uint32_t>& chain) {
  const auto [known, added] = locations_.try_emplace(chain, location_count_ + 1);
  if (!added) return known->second;
  ++location_count_;
  std::vector<Line> lines;
  for (const std::uint32_t frame : chain)
    lines.push_back(line_of(profile, profile.frames[frame]));
  if (chain.empty()) lines.push_back({function_id(kNoStack), 0});
  const Frame outermost = chain.empty() ? Frame{} : profile.frames[chain.back()];
  pbf_writer writer(out_, proto::profile::kLocation);
  writer.add_uint64(proto::location::kId, location_count_);
  if (outermost.module < profile.modules.size()) {
    writer.add_uint64(proto::location::kMappingId, first_mapping_ + outermost.module);
  }
  writer.add_uint64(proto::location::kAddress, outermost.address);
  for (const Line& line : lines) {
    pbf_writer line_writer(writer, proto::location::kLine);
    line_writer.add_uint64(proto::line::kFunctionId, line.function);
    if (line.number != 0) line_writer.add_int64(proto::line::kLine, line.number);
  }
  return location_count_;
}

Ids PprofEncoder::location_ids(const StackProfile& profile, const Stack& stack) {
  Ids ids;
  std::vector<std::uint32_t> chain;
  for (const std::uint32_t frame : stack.frames) {
    chain.push_back(frame);
    if (profile.frames[frame].kind == FrameKind::inlined) continue;
    ids.push_back(add_location(profile, chain));
    chain.clear();
  }
  if (!chain.empty() || ids.empty()) ids.push_back(add_location(profile, chain));
  return ids;
}

void PprofEncoder::add_label(pbf_writer& sample, std::string_view key, std::string_view text) {
  const std::int64_t key_index = string(key);
  const std::int64_t text_index = string(text);
  pbf_writer writer(sample, proto::sample::kLabel);
  writer.add_int64(proto::label::kKey, key_index);
  writer.add_int64(proto::label::kStr, text_index);
}

void PprofEncoder::add_label(pbf_writer& sample, std::string_view key, std::int64_t number) {
  const std::int64_t key_index = string(key);
  pbf_writer writer(sample, proto::sample::kLabel);
  writer.add_int64(proto::label::kKey, key_index);
  writer.add_int64(proto::label::kNum, number);
}

void PprofEncoder::add_detail(pbf_writer& sample, const Column& detail, const Value& value) {
  if (const auto* number = std::get_if<std::uint64_t>(&value))
    add_label(sample, detail.key, to_int64(*number));
  else if (const auto* signed_number = std::get_if<std::int64_t>(&value))
    add_label(sample, detail.key, *signed_number);
  else if (!std::holds_alternative<std::monostate>(value))
    add_label(sample, detail.key, humanize(value, Unit::none));
}

void PprofEncoder::add(const StackProfile& profile, std::size_t first_value,
                       std::size_t all_values) {
  locations_.clear();
  add_mappings(profile);
  for (const Stack& stack : profile.stacks) {
    const Ids ids = location_ids(profile, stack);
    Values values(all_values, 0);
    for (std::size_t i = 0; i < std::min(stack.values.size(), profile.sample_types.size()); ++i) {
      values[first_value + i] = to_int64(stack.values[i]);
    }
    pbf_writer sample(out_, proto::profile::kSample);
    sample.add_packed_uint64(proto::sample::kLocationId, ids.begin(), ids.end());
    sample.add_packed_int64(proto::sample::kValue, values.begin(), values.end());
    add_label(sample, "comm", stack.comm);
    add_label(sample, "pid", stack.pid);
    if (!profile.by_process) add_label(sample, "tid", stack.tid);
    for (std::size_t i = 0; i < std::min(profile.details.size(), stack.details.size()); ++i)
      add_detail(sample, profile.details[i], stack.details[i]);
  }
}

void PprofEncoder::add_times(const ReportHeader& header, const ReportSummary& summary) {
  using std::chrono::duration_cast, std::chrono::nanoseconds;
  out_.add_int64(proto::profile::kTimeNanos,
                 duration_cast<nanoseconds>(header.started.time_since_epoch()).count());
  out_.add_int64(proto::profile::kDurationNanos, summary.duration.count());
}

void PprofEncoder::add_comments(std::string_view lines) {
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    out_.add_int64(proto::profile::kComment, string(lines.substr(0, end)));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
}

std::string PprofEncoder::finish() {
  std::vector<std::string_view> table(strings_.size());
  for (const auto& [text, position] : strings_)
    table[static_cast<std::size_t>(position)] = text;
  for (const std::string_view text : table) {
    out_.add_string(proto::profile::kStringTable, text.data(), text.size());
  }
  return std::move(bytes_);
}

}  // namespace

std::string encode_pprof(const ReportHeader& header, const Report& report) {
  std::vector<const StackProfile*> profiles;
  std::size_t all_values = 0;
  for (const Section& section : report.sections) {
    if (const auto* profile = std::get_if<StackProfile>(&section)) {
      profiles.push_back(profile);
      all_values += profile->sample_types.size();
    }
  }
  PprofEncoder encoder;
  encoder.add_sample_types(profiles);
  std::size_t first_value = 0;
  for (const StackProfile* profile : profiles) {
    encoder.add(*profile, first_value, all_values);
    first_value += profile->sample_types.size();
  }
  encoder.add_times(header, report.summary);
  encoder.add_comments("sonde " SONDE_VERSION " " + header.command + ": " + header.target + "; " +
                       header.host + ", Linux " + header.kernel + " " + header.architecture);
  encoder.add_comments(summary_text(header, report.summary, false));
  return encoder.finish();
}

}  // namespace sonde::render
