#include "tracers/stacks/stack_recorder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "aggregate/truncation.hpp"
#include "core/clock.hpp"
#include "shared/stack_event.h"

namespace sonde::tracers {

symbolize::SymbolizerOptions symbolizer_options(const EbpfConfig& config,
                                                std::uint64_t most_stacks) {
  symbolize::SymbolizerOptions options;
  options.inlined_calls = config.symbols.inlined_calls;
  // On a busy machine thousands of stacks differ each second.
  constexpr std::size_t kMostInInterval = 200;
  options.most_stacks = most_stacks;
  if (config.output.interval.count() > 0 && (most_stacks == 0 || most_stacks > kMostInInterval))
    options.most_stacks = kMostInInterval;
  if (config.symbols.debuginfod) {
    options.debuginfod.emplace();
    options.debuginfod->time_limit = config.symbols.debuginfod_timeout;
    if (config.log) {
      options.debuginfod->progress = [log = config.log](const std::string& text) {
        log(LogLevel::info, text);
      };
    }
  }
  return options;
}

StackRecorder::StackRecorder(symbolize::SymbolizerOptions options, LabelName label_name,
                             bool weighed)
    : weighed_(weighed),
      most_stacks_(options.most_stacks),
      counts_(weighed),
      symbolizer_(std::move(options)),
      label_name_(std::move(label_name)) {
}

Result<void> StackRecorder::open(const Maps& maps, bool sideband, bool batches) {
  if (auto prepared = symbolizer_.prepare(); !prepared) return prepared;
  auto ring = ingest::RingSource::open(
      maps.stacks_fd, [this](std::span<const std::byte> record) { on_record(record); });
  if (!ring) return tl::unexpected(ring.error());
  ring_ = std::move(*ring);
  drain_.emplace(ingest::CountDrain::Maps{maps.counts_fd, maps.counts_a_fd, maps.counts_b_fd,
                                          maps.count_capacity, weighed_},
                 batches);
  if (!sideband) return {};
  auto opened = ingest::Sideband::open(spaces_);
  if (!opened) return tl::unexpected(opened.error());
  sideband_ = std::move(*opened);
  return {};
}

Result<void> StackRecorder::open_unwinder(const UnwindMaps& maps, std::uint64_t table_bytes,
                                          std::span<const std::uint32_t> tgids, bool by_process) {
  unwinder_ = std::make_unique<Unwinder>(
      table_bytes, spaces_, [this](std::span<const std::byte> record) { on_record(record); });
  return unwinder_->open(maps, tgids, by_process);
}

void StackRecorder::expect(std::span<const std::shared_ptr<const process::MappedFile>> files) {
  if (unwinder_ == nullptr) return;
  for (const auto& file : files)
    unwinder_->expect(file);
  unwinder_->settle();
}

void StackRecorder::expect_processes(std::span<const std::uint32_t> tgids) {
  if (unwinder_ != nullptr) unwinder_->expect_processes(tgids);
}

void StackRecorder::take(bool last) {
  if (unwinder_ != nullptr) unwinder_->settle();
  taken_ = counts_.take(last);
}

std::uint64_t StackRecorder::ring_bytes() const noexcept {
  return (sideband_ == nullptr ? 0 : sideband_->ring_bytes()) +
         (unwinder_ == nullptr ? 0 : unwinder_->chunk_bytes());
}

core::ThreadTime StackRecorder::worker_time() const {
  return unwinder_ == nullptr ? core::ThreadTime{} : unwinder_->worker_time();
}

void StackRecorder::count_truncated(std::map<std::string, std::uint64_t>& truncated) const {
  const std::map<std::string, std::uint64_t> counts = counts_.truncated();
  for (const aggregate::Truncation& truncation : aggregate::kTruncations) {
    const auto counted = counts.find(truncation.reason);
    if (counted != counts.end())
      truncated[truncation.reason] += counted->second;
    else if (!truncation.by_cfi || unwinder_ != nullptr)
      truncated[truncation.reason] += 0;
  }
}

std::vector<core::EventSource*> StackRecorder::sources() noexcept {
  std::vector<core::EventSource*> all;
  if (unwinder_ != nullptr) all.push_back(unwinder_.get());
  if (sideband_ != nullptr) all.push_back(sideband_.get());
  all.push_back(ring_.get());
  return all;
}

namespace {

// Frames in files need none of the process.
bool needs_mappings(std::span<const std::byte> record, const sonde_stack_record& stack) {
  std::size_t at = sizeof(stack) + stack.kernel_frames * sizeof(std::uint64_t);
  for (std::uint64_t frame = 0; at + sizeof(frame) <= record.size(); at += sizeof(frame)) {
    std::memcpy(&frame, record.data() + at, sizeof(frame));
    if ((frame & SONDE_FRAME_IN_FILE) == 0) return true;
  }
  return false;
}

}  // namespace

void StackRecorder::on_record(std::span<const std::byte> record) noexcept {
  if (!consume(record)) ++malformed_;
}

bool StackRecorder::consume(std::span<const std::byte> record) {
  sonde_record_header header{};
  if (record.size() < sizeof(header)) return false;
  std::memcpy(&header, record.data(), sizeof(header));
  if (decode_event_ && header.kind == SONDE_RECORD_SAMPLE) {
    std::optional<StackEvent> event = decode_event_(record);
    if (event) events_->add(std::move(*event), counts_);
    return event.has_value();
  }
  if (!counts_.consume(record)) return false;
  if (header.kind == SONDE_RECORD_STACK) on_stack(record);
  return true;
}

void StackRecorder::on_stack(std::span<const std::byte> record) {
  sonde_stack_record stack{};
  std::memcpy(&stack, record.data(), std::min(sizeof(stack), record.size()));
  latency_total_ns_ += core::monotonic_ns() - stack.header.time_ns;
  ++latency_records_;
  if (needs_mappings(record, stack)) {
    spaces_.observe(static_cast<std::int32_t>(stack.tgid), stack.header.time_ns);
  }
  if (events_ != nullptr) events_->add_stack(stack.key, *counts_.find(stack.key));
}

StackProfile StackRecorder::name(std::span<const symbolize::RawStack> stacks) {
  const std::lock_guard guard(naming_);
  return unwinder_ == nullptr ? symbolizer_.symbolize_each(stacks, spaces_)
                              : symbolizer_.symbolize_each(stacks, spaces_, unwinder_->files());
}

Result<void> StackRecorder::drain() {
  auto drained =
      drain_->drain([this](std::uint64_t key, std::uint64_t count, std::uint64_t weight) {
        counts_.add_count(key, count, weight);
      });
  counts_.bound();
  return drained;
}

Result<void> StackRecorder::maintain() {
  // A stack arrives well within this time after its sample.
  constexpr std::uint64_t kLongestDelayNs = 5'000'000'000;
  if (unwinder_ != nullptr) unwinder_->maintain();
  spaces_.forget_unobserved(core::monotonic_ns() - kLongestDelayNs);
  return sideband_ == nullptr ? Result<void>() : sideband_->follow_cpus();
}

StackProfile StackRecorder::profile_of(std::vector<symbolize::RawStack> stacks) {
  if (label_name_) {
    for (symbolize::RawStack& stack : stacks) {
      if (stack.label_id != 0) stack.label = label_name_(stack.label_id);
    }
  }
  bounded_ = bounded_ || (most_stacks_ != 0 && stacks.size() > most_stacks_);
  const std::lock_guard guard(naming_);
  return unwinder_ == nullptr ? symbolizer_.symbolize(stacks, spaces_)
                              : symbolizer_.symbolize(stacks, spaces_, unwinder_->files());
}

std::optional<double> StackRecorder::event_latency_us() const noexcept {
  if (latency_records_ == 0) return {};
  return static_cast<double>(latency_total_ns_) / static_cast<double>(latency_records_) / 1000.0;
}

std::vector<std::string> StackRecorder::notices() const {
  std::vector<std::string> notices;
  {
    const std::lock_guard guard(naming_);
    notices = symbolizer_.notices();
  }
  if (unwinder_ != nullptr) {
    for (std::string& notice : unwinder_->notices())
      notices.push_back(std::move(notice));
  }
  if (sideband_ != nullptr && sideband_->lost() != 0) {
    notices.push_back(fmt::format(
        "{} records of new mappings were lost: some frames may have no names", sideband_->lost()));
  }
  if (spaces_.missed_processes() != 0) {
    notices.push_back(fmt::format(
        "{} processes ended before their mappings were read: their frames have no names",
        spaces_.missed_processes()));
  }
  if (spaces_.unreadable_processes() != 0) {
    notices.push_back(fmt::format(
        "the mappings of {} processes could not be read: their frames have no names (needs "
        "CAP_SYS_PTRACE)",
        spaces_.unreadable_processes()));
  }
  if (spaces_.foreign_perf_maps() != 0) {
    notices.push_back(
        fmt::format("the perf maps of {} processes are owned by neither their user nor root, and "
                    "were not read",
                    spaces_.foreign_perf_maps()));
  }
  if (counts_.left_out() != 0) {
    notices.push_back(fmt::format(
        "more stacks differed than {} MiB hold: {} of {} counts, those of the rarest, are in {} of "
        "their processes",
        aggregate::StackCounts::kMostBytes >> 20, counts_.left_out(), counts_.counted(),
        symbolize::kOtherStacks));
  }
  if (malformed_ != 0)
    notices.push_back(fmt::format("{} malformed records were ignored", malformed_));
  return notices;
}

}  // namespace sonde::tracers
