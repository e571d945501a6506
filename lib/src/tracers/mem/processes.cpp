#include "tracers/mem/processes.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace sonde::tracers {
namespace {

Value bytes_or_none(const std::optional<std::uint64_t>& bytes) {
  return bytes ? Value(*bytes) : Value(std::monostate{});
}

std::int64_t minus(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::int64_t>(a - b);
}

Table cgroup_table(const MemProcesses::Cgroups& before, const MemProcesses::Cgroups& after) {
  Table table{"cgroup_memory",
              "Memory of their cgroups, page cache included",
              {{"before_bytes", "BEFORE", Unit::bytes},
               {"after_bytes", "AFTER", Unit::bytes},
               {"limit_bytes", "LIMIT", Unit::bytes},
               {"cgroup", "CGROUP"}}};
  for (const auto& [path, now] : after) {
    const auto earlier = before.find(path);
    table.rows.push_back({earlier == before.end() ? Value(std::monostate{})
                                                  : bytes_or_none(earlier->second.usage_bytes),
                          bytes_or_none(now.usage_bytes), bytes_or_none(now.limit_bytes), path});
  }
  return table;
}

}  // namespace

std::uint64_t MemProcesses::Resident::total() const {
  return bytes[SONDE_MEM_FILE] + bytes[SONDE_MEM_ANONYMOUS] + bytes[SONDE_MEM_SHMEM];
}

// Threads of a process, and a parent waiting in vfork(), show the same address space.
MemProcesses::ByProcess MemProcesses::read(std::span<const std::byte> spaces) {
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  ByProcess all;
  for (; spaces.size() >= sizeof(sonde_mem_space);
       spaces = spaces.subspan(sizeof(sonde_mem_space))) {
    sonde_mem_space space{};
    std::memcpy(&space, spaces.data(), sizeof(space));
    Resident& resident = all[static_cast<std::int32_t>(space.tgid)];
    resident.comm.assign(space.comm, ::strnlen(space.comm, sizeof(space.comm)));
    for (std::size_t kind = 0; kind < resident.bytes.size(); ++kind) {
      // The sum over the CPUs of a counter that changes meanwhile may be below zero.
      resident.bytes[kind] =
          page * static_cast<std::uint64_t>(std::max<std::int64_t>(space.pages[kind], 0));
    }
  }
  return all;
}

void MemProcesses::begin(std::span<const std::byte> spaces) {
  before_ = read(spaces);
  read_details(before_, cgroups_before_);
}

std::vector<std::uint32_t> MemProcesses::pids() const {
  std::vector<std::uint32_t> pids;
  for (const auto& [pid, resident] : before_)
    pids.push_back(static_cast<std::uint32_t>(pid));
  return pids;
}

void MemProcesses::read_details(ByProcess& processes, Cgroups& cgroups) const {
  // Of every process of a machine it would take long.
  constexpr std::size_t kMost = 64;
  if (!details_ || processes.size() > kMost) return;
  for (auto& [pid, resident] : processes) {
    resident.pss = process::proportional_set_bytes(pid);
    const std::string cgroup = process::memory_cgroup(pid);
    if (!cgroup.empty()) cgroups.try_emplace(cgroup);
  }
  for (auto& [path, memory] : cgroups)
    memory = process::read_cgroup_memory(path);
}

void MemProcesses::add(std::uint32_t what, const symbolize::RawStack& stack) {
  if (what != SONDE_MEM_GROWTH && what != SONDE_MEM_RELEASE) return;
  Change& change = changes_[stack.pid];
  change.comm = stack.comm;
  (what == SONDE_MEM_GROWTH ? change.growth : change.released) += stack.values[0];
  (what == SONDE_MEM_GROWTH ? growth_bytes_ : released_bytes_) += stack.values[0];
}

std::vector<Table> MemProcesses::tables() {
  Cgroups cgroups = cgroups_before_;
  read_details(now_, cgroups);
  std::vector<Table> tables = {process_table()};
  if (!cgroups.empty()) tables.push_back(cgroup_table(cgroups_before_, cgroups));
  before_ = now_;
  cgroups_before_ = std::move(cgroups);
  changes_.clear();
  return tables;
}

Table MemProcesses::process_table() const {
  Table table{"process_memory",
              "Resident memory of processes",
              {{"pid", "PID"},
               {"rss_before_bytes", "BEFORE", Unit::bytes},
               {"growth_bytes", "GROWTH", Unit::bytes},
               {"released_bytes", "RELEASED", Unit::bytes},
               {"rss_after_bytes", "AFTER", Unit::bytes},
               {"unattributed_bytes", "UNATTRIBUTED", Unit::bytes},
               {"anonymous_bytes", "ANONYMOUS", Unit::bytes},
               {"file_bytes", "FILE", Unit::bytes},
               {"shmem_bytes", "SHMEM", Unit::bytes},
               {"pss_before_bytes", "PSS BEFORE", Unit::bytes},
               {"pss_after_bytes", "PSS AFTER", Unit::bytes},
               {"comm", "PROCESS"}}};
  std::set<std::int32_t> pids;
  for (const auto& [pid, change] : changes_)
    pids.insert(pid);
  for (const auto& [pid, resident] : now_) {
    const auto earlier = before_.find(pid);
    if (earlier == before_.end() || earlier->second.bytes != resident.bytes) pids.insert(pid);
  }
  std::vector<std::pair<std::uint64_t, std::vector<Value>>> rows;
  for (const std::int32_t pid : pids) {
    const auto known = changes_.find(pid);
    const Change change = known == changes_.end() ? Change{} : known->second;
    const auto earlier = before_.find(pid);
    const auto later = now_.find(pid);
    std::optional<std::uint64_t> before;
    std::optional<std::uint64_t> after;
    std::vector<Value> kinds(3);
    std::optional<std::uint64_t> pss_before;
    std::optional<std::uint64_t> pss_after;
    if (earlier != before_.end()) {
      before = earlier->second.total();
      pss_before = earlier->second.pss;
    }
    Value unattributed;
    if (later != now_.end()) {
      const Resident& resident = later->second;
      after = resident.total();
      pss_after = resident.pss;
      unattributed = minus(*after, before.value_or(0)) - minus(change.growth, change.released);
      kinds = {resident.bytes[SONDE_MEM_ANONYMOUS], resident.bytes[SONDE_MEM_FILE],
               resident.bytes[SONDE_MEM_SHMEM]};
    }
    const std::string& comm = later != now_.end()        ? later->second.comm
                              : earlier != before_.end() ? earlier->second.comm
                                                         : change.comm;
    rows.push_back({change.growth + change.released,
                    {std::int64_t{pid}, bytes_or_none(before), change.growth, change.released,
                     bytes_or_none(after), unattributed, kinds[0], kinds[1], kinds[2],
                     bytes_or_none(pss_before), bytes_or_none(pss_after), comm}});
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  for (auto& [size, row] : rows)
    table.rows.push_back(std::move(row));
  return table;
}

}  // namespace sonde::tracers
