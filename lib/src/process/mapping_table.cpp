#include "process/mapping_table.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace sonde::process {
namespace {

constexpr std::size_t kMostMappings = 8192;

bool starts_before(std::uint64_t address, const TimedMapping& entry) {
  return address < entry.mapping.start;
}

bool continues(const Mapping& outer, const Mapping& inner) {
  if (outer.kind != inner.kind || inner.start < outer.start || inner.end > outer.end) return false;
  if (outer.kind != Mapping::Kind::file) return true;
  return outer.file == inner.file &&
         inner.file_offset - outer.file_offset == inner.start - outer.start;
}

// Calls visit(entry) for every entry that holds `address`.
template <class Visit>
void for_each_at(const std::vector<TimedMapping>& entries, std::uint64_t longest,
                 std::uint64_t address, Visit visit) {
  auto it = std::upper_bound(entries.begin(), entries.end(), address, starts_before);
  while (it != entries.begin()) {
    --it;
    if (address - it->mapping.start >= longest) return;
    if (address < it->mapping.end) visit(*it);
  }
}

}  // namespace

const TimedMapping* MappingTable::newest_at(std::uint64_t address) const noexcept {
  const TimedMapping* newest = nullptr;
  for_each_at(entries_, longest_, address, [&](const TimedMapping& entry) {
    if (newest == nullptr || entry.time_ns > newest->time_ns) newest = &entry;
  });
  return newest;
}

void MappingTable::insert(TimedMapping entry) {
  longest_ = std::max(longest_, entry.mapping.end - entry.mapping.start);
  const auto at =
      std::upper_bound(entries_.begin(), entries_.end(), entry.mapping.start, starts_before);
  entries_.insert(at, std::move(entry));
}

void MappingTable::add(TimedMapping entry) {
  const Mapping& mapping = entry.mapping;
  if (mapping.start >= mapping.end) return;
  const TimedMapping* const first = newest_at(mapping.start);
  const TimedMapping* const last = newest_at(mapping.end - 1);
  if (first != nullptr && first == last && continues(first->mapping, mapping)) return;
  // Memory of a JIT compiler grows: the kernel then reports the grown mapping each time.
  const bool grows = first != nullptr && mapping.kind == Mapping::Kind::anonymous &&
                     first->mapping.kind == Mapping::Kind::anonymous &&
                     first->mapping.start == mapping.start && (last == nullptr || last == first);
  if (grows) {
    auto& grown = entries_[static_cast<std::size_t>(first - entries_.data())].mapping;
    grown.end = std::max(grown.end, mapping.end);
    longest_ = std::max(longest_, grown.end - grown.start);
    return;
  }
  if (entries_.size() < kMostMappings) insert(std::move(entry));
}

const Mapping* MappingTable::find(std::uint64_t address, std::uint64_t time_ns) const noexcept {
  const TimedMapping* before = nullptr;
  const TimedMapping* after = nullptr;
  for_each_at(entries_, longest_, address, [&](const TimedMapping& entry) {
    if (entry.time_ns <= time_ns) {
      if (before == nullptr || entry.time_ns > before->time_ns) before = &entry;
    } else if (after == nullptr || entry.time_ns < after->time_ns) {
      after = &entry;
    }
  });
  const TimedMapping* const best = before != nullptr ? before : after;
  return best == nullptr ? nullptr : &best->mapping;
}

std::vector<Mapping> MappingTable::newest() const {
  std::vector<const TimedMapping*> by_age;
  for (const TimedMapping& entry : entries_)
    by_age.push_back(&entry);
  std::stable_sort(by_age.begin(), by_age.end(), [](const TimedMapping* a, const TimedMapping* b) {
    return a->time_ns > b->time_ns;
  });
  std::map<std::uint64_t, Mapping> pieces;  // by start
  for (const TimedMapping* const entry : by_age) {
    // What older mappings show between the newer ones.
    std::uint64_t at = entry->mapping.start;
    const std::uint64_t end = entry->mapping.end;
    auto next = pieces.upper_bound(at);
    if (next != pieces.begin()) at = std::max(at, std::prev(next)->second.end);
    while (at < end) {
      const std::uint64_t until = next == pieces.end() ? end : std::min(end, next->first);
      if (at < until) {
        Mapping piece = entry->mapping;
        piece.file_offset += at - piece.start;
        piece.start = at;
        piece.end = until;
        pieces.emplace(at, std::move(piece));
      }
      if (next == pieces.end()) break;
      at = std::max(at, next->second.end);
      ++next;
    }
  }
  std::vector<Mapping> all;
  all.reserve(pieces.size());
  for (auto& [start, piece] : pieces)
    all.push_back(std::move(piece));
  return all;
}

std::vector<TimedMapping> MappingTable::take_from_proc() {
  const auto taken_from = std::stable_partition(entries_.begin(), entries_.end(),
                                                [](const TimedMapping& e) { return !e.from_proc; });
  std::vector<TimedMapping> taken(std::make_move_iterator(taken_from),
                                  std::make_move_iterator(entries_.end()));
  entries_.erase(taken_from, entries_.end());
  return taken;
}

}  // namespace sonde::process
