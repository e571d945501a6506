#include "tracers/stack_recorder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/clock.hpp"
#include "shared/cpu_event.h"

namespace sonde::tracers {

StackRecorder::StackRecorder(symbolize::SymbolizerOptions options, LabelName label_name)
    : symbolizer_(std::move(options)), label_name_(std::move(label_name)) {
}

Result<void> StackRecorder::open(const Maps& maps, bool sideband, bool batches) {
  auto ring = ingest::RingSource::open(
      maps.stacks_fd, [this](std::span<const std::byte> record) { on_record(record); });
  if (!ring) return tl::unexpected(ring.error());
  ring_ = std::move(*ring);
  drain_.emplace(maps.counts_fd, maps.counts_a_fd, maps.counts_b_fd, kCountCapacity, batches);
  if (!sideband) return {};
  auto opened = ingest::Sideband::open(spaces_);
  if (!opened) return tl::unexpected(opened.error());
  sideband_ = std::move(*opened);
  return {};
}

std::vector<core::EventSource*> StackRecorder::sources() noexcept {
  std::vector<core::EventSource*> all;
  if (sideband_ != nullptr) all.push_back(sideband_.get());
  all.push_back(ring_.get());
  return all;
}

void StackRecorder::on_record(std::span<const std::byte> record) noexcept {
  if (!counts_.consume(record)) {
    ++malformed_;
    return;
  }
  sonde_stack_record stack{};
  std::memcpy(&stack, record.data(), std::min(sizeof(stack), record.size()));
  latency_total_ns_ += core::monotonic_ns() - stack.header.time_ns;
  ++latency_records_;
  if (stack.user_frames != 0) {
    spaces_.observe(static_cast<std::int32_t>(stack.tgid), stack.header.time_ns);
  }
}

Result<void> StackRecorder::drain() {
  return drain_->drain(
      [this](std::uint64_t key, std::uint64_t count) { counts_.add_count(key, count); });
}

Result<void> StackRecorder::maintain() {
  // A stack arrives well within this time after its sample.
  constexpr std::uint64_t kLongestDelayNs = 5'000'000'000;
  spaces_.forget_unobserved(core::monotonic_ns() - kLongestDelayNs);
  return sideband_ == nullptr ? Result<void>() : sideband_->follow_cpus();
}

StackProfile StackRecorder::profile() {
  if (label_name_) {
    for (symbolize::RawStack& stack : taken_) {
      if (stack.label_id != 0) stack.label = label_name_(stack.label_id);
    }
  }
  StackProfile profile = symbolizer_.symbolize(taken_, spaces_);
  taken_.clear();
  return profile;
}

std::optional<double> StackRecorder::event_latency_us() const noexcept {
  if (latency_records_ == 0) return {};
  return static_cast<double>(latency_total_ns_) / static_cast<double>(latency_records_) / 1000.0;
}

std::vector<std::string> StackRecorder::notices() const {
  std::vector<std::string> notices = symbolizer_.notices();
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
  if (malformed_ != 0)
    notices.push_back(fmt::format("{} malformed records were ignored", malformed_));
  return notices;
}

}  // namespace sonde::tracers
