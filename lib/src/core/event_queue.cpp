#include "core/event_queue.hpp"

#include <sys/eventfd.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "util/fail.hpp"

namespace sonde::core {

Result<std::unique_ptr<EventQueue>> EventQueue::open(std::size_t capacity) {
  UniqueFd ready(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!ready) return fail_errno(ErrorCode::EventProcessingFailed, "create an eventfd");
  return std::unique_ptr<EventQueue>(new EventQueue(capacity, std::move(ready)));
}

void EventQueue::push(EbpfEvent event) {
  const std::lock_guard guard(lock_);
  if (events_.size() >= capacity_) {
    ++lost_;
    return;
  }
  events_.push_back(std::move(event));
  if (events_.size() == 1) notify();
}

void EventQueue::count_lost(std::uint64_t count) noexcept {
  const std::lock_guard guard(lock_);
  lost_ += count;
}

std::vector<EbpfEvent> EventQueue::take(std::size_t limit) {
  const std::lock_guard guard(lock_);
  const auto count = static_cast<std::ptrdiff_t>(std::min(limit, events_.size()));
  std::vector<EbpfEvent> taken(std::make_move_iterator(events_.begin()),
                               std::make_move_iterator(events_.begin() + count));
  events_.erase(events_.begin(), events_.begin() + count);
  if (events_.empty()) acknowledge();
  return taken;
}

void EventQueue::notify() noexcept {
  ::eventfd_write(ready_.get(), 1);
}

void EventQueue::acknowledge() noexcept {
  eventfd_t count = 0;
  ::eventfd_read(ready_.get(), &count);
}

std::uint64_t EventQueue::lost() const noexcept {
  const std::lock_guard guard(lock_);
  return lost_;
}

}  // namespace sonde::core
