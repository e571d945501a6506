#include "tracers/stacks/stack_events.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sonde::tracers {
namespace {

EventFrame event_frame(const StackProfile& profile, std::uint32_t number) {
  const Frame& frame = profile.frames[number];
  return {frame.name,
          frame.module == kNoModule ? std::string() : profile.modules[frame.module].path,
          frame.kind, frame.address};
}

// Null for data that has no frames.
std::vector<EventFrame>* frames_of(EbpfEvent& event) {
  if (auto* const sample = std::get_if<CpuSample>(&event.data)) return &sample->frames;
  if (auto* const alloc = std::get_if<MemoryAlloc>(&event.data)) return &alloc->frames;
  return nullptr;
}

}  // namespace

void StackEvents::add(StackEvent event, const aggregate::StackCounts& stacks) {
  if (event.key == 0) return push(std::move(event), nullptr);
  StackRef& known = stacks_[event.key];
  if (known == nullptr) {
    if (const symbolize::RawStack* const stack = stacks.find(event.key))
      known = std::make_shared<const symbolize::RawStack>(*stack);
  }
  if (known != nullptr) {
    push(std::move(event), known);
  } else if (early_count_ < queue_.capacity()) {
    early_[event.key].push_back(std::move(event));
    ++early_count_;
  } else {
    queue_.count_lost(1);
  }
}

void StackEvents::add_stack(std::uint64_t key, const symbolize::RawStack& stack) {
  auto early = early_.extract(key);
  if (early.empty()) return;
  early_count_ -= early.mapped().size();
  StackRef& known = stacks_[key];
  if (known == nullptr) known = std::make_shared<const symbolize::RawStack>(stack);
  for (StackEvent& event : early.mapped())
    push(std::move(event), known);
}

void StackEvents::finish() {
  queue_.count_lost(early_count_);
  early_.clear();
  early_count_ = 0;
}

void StackEvents::push(StackEvent event, StackRef stack) {
  const std::lock_guard guard(lock_);
  if (waiting_.size() >= queue_.capacity()) {
    queue_.count_lost(1);
    return;
  }
  waiting_.push_back({std::move(event), std::move(stack)});
  if (waiting_.size() == 1) queue_.notify();
}

std::vector<StackEvents::Waiting> StackEvents::take_waiting(std::size_t limit) {
  const std::lock_guard guard(lock_);
  const auto count = static_cast<std::ptrdiff_t>(std::min(limit, waiting_.size()));
  std::vector<Waiting> taken(std::make_move_iterator(waiting_.begin()),
                             std::make_move_iterator(waiting_.begin() + count));
  waiting_.erase(waiting_.begin(), waiting_.begin() + count);
  if (waiting_.empty()) queue_.acknowledge();
  return taken;
}

std::vector<std::size_t> StackEvents::distinct(const std::vector<Waiting>& waiting,
                                               std::vector<symbolize::RawStack>& stacks) {
  std::unordered_map<const symbolize::RawStack*, std::size_t> places;
  std::vector<std::size_t> index;
  index.reserve(waiting.size());
  for (const Waiting& each : waiting) {
    const auto [place, added] = places.emplace(each.stack.get(), stacks.size());
    if (added && each.stack != nullptr) stacks.push_back(*each.stack);
    index.push_back(place->second);
  }
  return index;
}

std::vector<EbpfEvent> StackEvents::events_of(std::vector<Waiting>& waiting,
                                              const std::vector<std::size_t>& index,
                                              const StackProfile& named) const {
  std::vector<EbpfEvent> events;
  events.reserve(waiting.size());
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    EbpfEvent& event = events.emplace_back(std::move(waiting[i].event.event));
    event.time = clock_.time(waiting[i].event.time_ns);
    if (waiting[i].stack == nullptr) continue;
    const Stack& stack = named.stacks[index[i]];
    if (event.pid == 0) {
      event.pid = stack.pid;
      event.tid = stack.tid;
      event.comm = stack.comm;
    }
    std::vector<EventFrame>* const frames = frames_of(event);
    if (frames == nullptr) continue;
    frames->reserve(stack.frames.size());
    for (const std::uint32_t frame : stack.frames)
      frames->push_back(event_frame(named, frame));
  }
  return events;
}

}  // namespace sonde::tracers
