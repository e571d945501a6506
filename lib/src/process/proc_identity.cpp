#include "process/proc_identity.hpp"

#include <fmt/format.h>

#include <charconv>

#include "process/regular_file.hpp"

namespace sonde::process {
namespace {

template <class Number>
Number to_number(std::string_view text) {
  Number value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Field 22 of /proc/PID/stat. The second field, "(comm)", may hold spaces and brackets: count after
// the last bracket.
std::uint64_t parse_start_time(std::string_view stat) {
  constexpr int kFieldsAfterComm = 20;
  const std::size_t bracket = stat.rfind(')');
  if (bracket == std::string_view::npos) return 0;
  stat.remove_prefix(bracket);
  for (int field = 0; field < kFieldsAfterComm; ++field) {
    const std::size_t space = stat.find(' ');
    if (space == std::string_view::npos) return 0;
    stat.remove_prefix(space + 1);
  }
  return to_number<std::uint64_t>(stat);
}

}  // namespace

std::int32_t parse_innermost_pid(std::string_view status) {
  constexpr std::string_view kKey = "\nNSpid:";
  const std::size_t key = status.find(kKey);
  if (key == std::string_view::npos) return 0;
  std::string_view line = status.substr(key + kKey.size());
  line = line.substr(0, line.find('\n'));
  const std::size_t last = line.find_last_of("\t ");
  return to_number<std::int32_t>(last == std::string_view::npos ? line : line.substr(last + 1));
}

ProcIdentity read_identity(std::int32_t pid, const std::string& root) {
  ProcIdentity identity;
  const std::string directory = fmt::format("{}/proc/{}", root, pid);
  const std::string stat = read_text(directory + "/stat");
  if (stat.empty()) return identity;
  identity.exists = true;
  identity.start_time_ticks = parse_start_time(stat);
  identity.comm = read_text(directory + "/comm");
  if (identity.comm.ends_with('\n')) identity.comm.pop_back();
  identity.innermost_pid = parse_innermost_pid(read_text(directory + "/status"));
  if (identity.innermost_pid == 0) identity.innermost_pid = pid;
  return identity;
}

}  // namespace sonde::process
