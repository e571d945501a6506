// What each process had before and has now, beside what its stacks say.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <sonde/report.hpp>
#include "process/memory_usage.hpp"
#include "symbolize/symbolizer.hpp"

#include "mem_event.h"

namespace sonde::tracers {

/// Between two calls of tables(), from the second on with what the first one ended with.
class MemProcesses {
 public:
  /// By path.
  using Cgroups = std::map<std::string, process::CgroupMemory>;

  /// `details`: also what takes /proc time to read, PSS and cgroups.
  explicit MemProcesses(bool details) noexcept : details_(details) {}

  /// `spaces`: struct sonde_mem_space, of the targets when tracing began.
  void begin(std::span<const std::byte> spaces);
  /// Of what begin() got.
  std::vector<std::uint32_t> pids() const;
  void now(std::span<const std::byte> spaces) { now_ = read(spaces); }
  /// A stack of SONDE_MEM_GROWTH or SONDE_MEM_RELEASE; others are ignored.
  void add(std::uint32_t what, const symbolize::RawStack& stack);

  /// Of all processes whose memory changed, those that changed most first; with details also of
  /// their cgroups.
  std::vector<Table> tables();

  /// Since begin().
  std::uint64_t growth_bytes() const noexcept { return growth_bytes_; }
  std::uint64_t released_bytes() const noexcept { return released_bytes_; }

 private:
  struct Resident {
    std::string comm;
    std::array<std::uint64_t, SONDE_MEM_KINDS> bytes{};
    std::optional<std::uint64_t> pss;
    std::uint64_t total() const;
  };
  struct Change {
    std::string comm;
    std::uint64_t growth = 0;
    std::uint64_t released = 0;
  };
  using ByProcess = std::map<std::int32_t, Resident>;
  static ByProcess read(std::span<const std::byte> spaces);
  void read_details(ByProcess& processes, Cgroups& cgroups) const;
  Table process_table() const;

  bool details_;
  ByProcess before_;
  ByProcess now_;
  std::map<std::int32_t, Change> changes_;
  Cgroups cgroups_before_;
  std::uint64_t growth_bytes_ = 0;
  std::uint64_t released_bytes_ = 0;
};

}  // namespace sonde::tracers
