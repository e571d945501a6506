// The executable mappings of one program image over its life. munmap leaves no record, so nothing
// is removed: what was mapped later hides what was mapped earlier at the same addresses.
#pragma once

#include <cstdint>
#include <vector>

#include "process/mapping.hpp"

namespace sonde::process {

struct TimedMapping {
  Mapping mapping;
  std::uint64_t time_ns = 0;
  /// Read from /proc rather than told by the kernel's records.
  bool from_proc = false;
};

class MappingTable {
 public:
  /// Ignored if the newest mapping at these addresses is the same one, or if the table is full (a
  /// process that maps code at ever new addresses must not use up our memory).
  void add(TimedMapping entry);

  /// The newest mapping of `address` at `time_ns`. A mapping that was only seen later serves if
  /// none was seen before: what /proc showed had been there for a time unknown.
  const Mapping* find(std::uint64_t address, std::uint64_t time_ns) const noexcept;

  /// By address and without overlap: of an address that several hold, the newest.
  std::vector<Mapping> newest() const;

  /// Removes the mappings that were read from /proc and returns them.
  std::vector<TimedMapping> take_from_proc();

  bool empty() const noexcept { return entries_.empty(); }
  const std::vector<TimedMapping>& entries() const noexcept { return entries_; }

 private:
  const TimedMapping* newest_at(std::uint64_t address) const noexcept;
  void insert(TimedMapping entry);

  std::vector<TimedMapping> entries_;  // by start
  std::uint64_t longest_ = 0;          // bounds how far before an address its mapping can start
};

}  // namespace sonde::process
