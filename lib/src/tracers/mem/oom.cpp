#include "tracers/mem/oom.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace sonde::tracers {
namespace {

template <std::size_t n>
std::string text_of(const char (&field)[n]) {
  return {field, ::strnlen(field, n)};
}

}  // namespace

bool OomKills::add(std::span<const std::byte> record) {
  sonde_oom_record kill{};
  if (record.size() < sizeof(kill)) return false;
  std::memcpy(&kill, record.data(), sizeof(kill));
  if (kill.header.kind != SONDE_RECORD_OOM || kill.header.version != SONDE_WIRE_VERSION)
    return false;
  kills_.push_back(kill);
  return true;
}

Table OomKills::table(
    const std::function<std::vector<std::string>(std::uint64_t key)>& frames) const {
  Table table{"oom_kill",
              "Processes killed for want of memory",
              {{"pid", "PID"},
               {"comm", "KILLED"},
               {"anonymous_bytes", "ANONYMOUS", Unit::bytes},
               {"file_bytes", "FILE", Unit::bytes},
               {"shmem_bytes", "SHMEM", Unit::bytes},
               {"swap_bytes", "SWAP", Unit::bytes},
               {"oom_score_adj", "ADJUSTED"},
               {"cgroup", "CGROUP AT ITS LIMIT"},
               {"limit_bytes", "LIMIT", Unit::bytes},
               {"usage_bytes", "USAGE", Unit::bytes},
               {"by_pid", "BY PID"},
               {"by_comm", "ASKED FOR MORE"},
               {"last_growth", "GREW LAST IN"}}};
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  for (const sonde_oom_record& kill : taken_) {
    const auto bytes = [&](int kind) {
      return Value(page * static_cast<std::uint64_t>(std::max<std::int64_t>(kill.pages[kind], 0)));
    };
    // The whole machine has no limit but its memory.
    const bool limited = kill.limit_pages != 0;
    Value last;
    if (auto names = frames(kill.last_growth); !names.empty()) last = std::move(names);
    table.rows.push_back({static_cast<std::int64_t>(kill.victim), text_of(kill.victim_comm),
                          bytes(SONDE_MEM_ANONYMOUS), bytes(SONDE_MEM_FILE), bytes(SONDE_MEM_SHMEM),
                          bytes(SONDE_MEM_SWAP), std::int64_t{kill.score_adjustment},
                          limited ? Value(text_of(kill.cgroup)) : Value(),
                          limited ? Value(page * kill.limit_pages) : Value(),
                          limited ? Value(page * kill.usage_pages) : Value(),
                          static_cast<std::int64_t>(kill.asker), text_of(kill.asker_comm),
                          std::move(last)});
  }
  return table;
}

}  // namespace sonde::tracers
