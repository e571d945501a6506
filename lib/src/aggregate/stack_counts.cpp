#include "aggregate/stack_counts.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "aggregate/truncation.hpp"

namespace sonde::aggregate {
namespace {

template <class T>
bool read_record(std::span<const std::byte> bytes, T& record) {
  if (bytes.size() < sizeof(T)) return false;
  std::memcpy(&record, bytes.data(), sizeof(T));
  return record.header.version == SONDE_WIRE_VERSION && record.header.length == bytes.size();
}

std::vector<std::uint64_t> read_addresses(std::span<const std::byte> bytes) {
  std::vector<std::uint64_t> addresses(bytes.size() / sizeof(std::uint64_t));
  if (!addresses.empty()) std::memcpy(addresses.data(), bytes.data(), bytes.size());
  return addresses;
}

// With what the hash table and the allocator add.
std::size_t bytes_of(const symbolize::RawStack& stack) {
  constexpr std::size_t kBookkeeping = 96;
  return sizeof(stack) + kBookkeeping +
         (stack.kernel.size() + stack.user.size()) * sizeof(std::uint64_t);
}

}  // namespace

bool StackCounts::consume(std::span<const std::byte> record) {
  sonde_record_header header{};
  if (record.size() < sizeof(header)) return false;
  std::memcpy(&header, record.data(), sizeof(header));
  if (header.kind == SONDE_RECORD_STACK) return consume_stack(record);
  sonde_count_record count{};
  if (header.kind != SONDE_RECORD_COUNT || !read_record(record, count)) return false;
  add_count(count.key, count.count);
  return true;
}

bool StackCounts::consume_stack(std::span<const std::byte> bytes) {
  sonde_stack_record record{};
  // The ring rounds a record up to 8 bytes, and every stack record is a multiple of 8.
  if (!read_record(bytes, record)) return false;
  const std::size_t kernel_size = record.kernel_frames * sizeof(std::uint64_t);
  const std::size_t user_size = record.user_frames * sizeof(std::uint64_t);
  if (bytes.size() != sizeof(record) + kernel_size + user_size) return false;

  Entry& entry = entries_[record.key];
  if (entry.known) return true;
  entry.known = true;
  entry.flags = record.flags;
  entry.stack.pid = static_cast<std::int32_t>(record.tgid);
  entry.stack.tid = static_cast<std::int32_t>(record.tid);
  entry.stack.comm.assign(record.comm, ::strnlen(record.comm, sizeof(record.comm)));
  entry.stack.time_ns = record.header.time_ns;
  entry.stack.label_id = record.label;
  entry.stack.kernel = read_addresses(bytes.subspan(sizeof(record), kernel_size));
  entry.stack.user = read_addresses(bytes.subspan(sizeof(record) + kernel_size));
  if (entry.total != 0) bytes_ += bytes_of(entry.stack);
  return true;
}

void StackCounts::add_count(std::uint64_t key, std::uint64_t count, std::uint64_t weight) {
  Entry& entry = entries_[key];
  if (entry.known && entry.total == 0 && count != 0) bytes_ += bytes_of(entry.stack);
  entry.total += count;
  entry.since_take += count;
  entry.weight += weight;
  counted_ += count;
}

const symbolize::RawStack* StackCounts::find(std::uint64_t key) const {
  const auto entry = entries_.find(key);
  return entry == entries_.end() || !entry->second.known ? nullptr : &entry->second.stack;
}

std::uint32_t StackCounts::flags(std::uint64_t key) const {
  const auto entry = entries_.find(key);
  return entry == entries_.end() ? 0 : entry->second.flags;
}

std::uint64_t StackCounts::nameless() const noexcept {
  std::uint64_t total = 0;
  for (const auto& [key, entry] : entries_)
    total += entry.known ? 0 : entry.total;
  return total;
}

std::map<std::string, std::uint64_t> StackCounts::truncated() const {
  std::map<std::string, std::uint64_t> counts = truncated_;
  for (const auto& [key, entry] : entries_) {
    if (entry.known) add_truncated(entry.flags, entry.total, counts);
  }
  return counts;
}

void StackCounts::bound() {
  if (bytes_ <= most_bytes_) return;
  // A stack without a count is one that others refer to, or whose count is to come.
  std::vector<Entries::iterator> counted;
  for (auto at = entries_.begin(); at != entries_.end(); ++at) {
    if (at->second.known && at->second.total != 0) counted.push_back(at);
  }
  std::ranges::sort(counted, [](Entries::iterator a, Entries::iterator b) {
    const auto size = [](const Entry& entry) { return std::pair(entry.weight, entry.since_take); };
    return size(a->second) < size(b->second);
  });
  for (const Entries::iterator at : counted) {
    if (bytes_ <= most_bytes_ / 2) return;
    leave_out(at->second);
    bytes_ -= bytes_of(at->second.stack);
    entries_.erase(at);
  }
}

void StackCounts::leave_out(const Entry& entry) {
  add_truncated(entry.flags, entry.total, truncated_);
  if (entry.since_take == 0) return;
  // Of more processes than these, what is left out is not told apart.
  constexpr std::size_t kMostGroups = 4096;
  const symbolize::RawStack& stack = entry.stack;
  const bool apart = others_.size() < kMostGroups || others_.contains({stack.pid, stack.label_id});
  Entry& others = others_[{apart ? stack.pid : 0, stack.label_id}];
  if (!others.known) {
    others.known = true;
    others.stack.label_id = stack.label_id;
    others.stack.left_out = true;
    others.stack.time_ns = stack.time_ns;
    if (apart) {
      others.stack.pid = stack.pid;
      others.stack.tid = stack.pid;
      others.stack.comm = stack.comm;
    }
  }
  others.since_take += entry.since_take;
  others.weight += entry.weight;
  left_out_ += entry.since_take;
}

void StackCounts::append(std::vector<symbolize::RawStack>& stacks, Entry& entry, bool last) const {
  if (!entry.known || entry.since_take == 0) return;
  if (last)
    stacks.push_back(std::move(entry.stack));
  else
    stacks.push_back(entry.stack);
  if (weighed_)
    stacks.back().values = {entry.weight, entry.since_take};
  else
    stacks.back().values = {entry.since_take};
  entry.since_take = 0;
  entry.weight = 0;
}

std::vector<symbolize::RawStack> StackCounts::take(bool last) {
  std::vector<symbolize::RawStack> stacks;
  for (auto& [key, entry] : entries_)
    append(stacks, entry, last);
  for (auto& [group, entry] : others_)
    append(stacks, entry, true);
  others_.clear();
  return stacks;
}

}  // namespace sonde::aggregate
