#include "tracers/stacks/sample_events.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

namespace sonde::tracers {

bool SampleEvents::add_sample(std::span<const std::byte> bytes,
                              const aggregate::StackCounts& stacks) {
  sonde_sample_record record{};
  if (bytes.size() != sizeof(record)) return false;
  std::memcpy(&record, bytes.data(), sizeof(record));
  if (record.header.version != SONDE_WIRE_VERSION || record.header.length != sizeof(record))
    return false;

  StackRef& known = stacks_[record.key];
  if (known == nullptr) {
    if (const symbolize::RawStack* const stack = stacks.find(record.key))
      known = std::make_shared<const symbolize::RawStack>(*stack);
  }
  if (known != nullptr) {
    push(record, known);
  } else if (early_count_ < queue_.capacity()) {
    early_[record.key].push_back(record);
    ++early_count_;
  } else {
    queue_.count_lost(1);
  }
  return true;
}

void SampleEvents::add_stack(std::uint64_t key, const symbolize::RawStack& stack) {
  const auto early = early_.extract(key);
  if (early.empty()) return;
  early_count_ -= early.mapped().size();
  StackRef& known = stacks_[key];
  if (known == nullptr) known = std::make_shared<const symbolize::RawStack>(stack);
  for (const sonde_sample_record& record : early.mapped())
    push(record, known);
}

void SampleEvents::finish() {
  queue_.count_lost(early_count_);
  early_.clear();
  early_count_ = 0;
}

void SampleEvents::push(const sonde_sample_record& record, StackRef stack) {
  const std::lock_guard guard(lock_);
  if (samples_.size() >= queue_.capacity()) {
    queue_.count_lost(1);
    return;
  }
  samples_.push_back({record.header.time_ns, record.cpu, std::move(stack)});
  if (samples_.size() == 1) queue_.notify();
}

std::vector<SampleEvents::Sample> SampleEvents::take_samples(std::size_t limit) {
  const std::lock_guard guard(lock_);
  const auto count = static_cast<std::ptrdiff_t>(std::min(limit, samples_.size()));
  std::vector<Sample> taken(std::make_move_iterator(samples_.begin()),
                            std::make_move_iterator(samples_.begin() + count));
  samples_.erase(samples_.begin(), samples_.begin() + count);
  if (samples_.empty()) queue_.acknowledge();
  return taken;
}

std::vector<std::size_t> SampleEvents::distinct(const std::vector<Sample>& samples,
                                                std::vector<symbolize::RawStack>& stacks) {
  std::unordered_map<const symbolize::RawStack*, std::size_t> places;
  std::vector<std::size_t> index;
  index.reserve(samples.size());
  for (const Sample& sample : samples) {
    const auto [place, added] = places.emplace(sample.stack.get(), stacks.size());
    if (added) stacks.push_back(*sample.stack);
    index.push_back(place->second);
  }
  return index;
}

namespace {

EventFrame event_frame(const StackProfile& profile, std::uint32_t number) {
  const Frame& frame = profile.frames[number];
  return {frame.name,
          frame.module == kNoModule ? std::string() : profile.modules[frame.module].path,
          frame.kind, frame.address};
}

}  // namespace

std::vector<EbpfEvent> SampleEvents::events_of(const std::vector<Sample>& samples,
                                               const std::vector<std::size_t>& index,
                                               const StackProfile& named) const {
  std::vector<EbpfEvent> events;
  events.reserve(samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const Stack& stack = named.stacks[index[i]];
    CpuSample data;
    data.cpu = samples[i].cpu;
    data.frames.reserve(stack.frames.size());
    for (const std::uint32_t frame : stack.frames)
      data.frames.push_back(event_frame(named, frame));
    events.push_back(
        {clock_.time(samples[i].time_ns), stack.pid, stack.tid, stack.comm, std::move(data)});
  }
  return events;
}

}  // namespace sonde::tracers
