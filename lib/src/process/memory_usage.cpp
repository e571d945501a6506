#include "process/memory_usage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "process/cgroup_mounts.hpp"
#include "process/regular_file.hpp"

namespace sonde::process {
namespace {

// A v1 hierarchy says "no limit" as the largest number of whole pages (PAGE_COUNTER_MAX).
constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 62;

std::optional<std::uint64_t> parse_number(std::string_view text) {
  while (!text.empty() && text.front() == ' ')
    text.remove_prefix(1);
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  return parsed.ec == std::errc() ? std::optional(number) : std::nullopt;
}

// Calls visit(line) until it gives true.
template <class Visit>
void for_each_line(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (visit(text.substr(0, end))) return;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

bool lists_memory(std::string_view controllers) {
  while (!controllers.empty()) {
    const std::size_t comma = std::min(controllers.find(','), controllers.size());
    if (controllers.substr(0, comma) == "memory") return true;
    controllers.remove_prefix(std::min(comma + 1, controllers.size()));
  }
  return false;
}

}  // namespace

std::optional<std::uint64_t> parse_smaps_bytes(std::string_view text, std::string_view key) {
  std::optional<std::uint64_t> bytes;
  for_each_line(text, [&](std::string_view line) {
    if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != ':')
      return false;
    if (const auto kib = parse_number(line.substr(key.size() + 1))) bytes = *kib << 10;
    return true;
  });
  return bytes;
}

std::optional<std::uint64_t> proportional_set_bytes(std::int32_t pid, const std::string& root) {
  return parse_smaps_bytes(read_text(fmt::format("{}/proc/{}/smaps_rollup", root, pid)), "Pss");
}

// "4:memory:/group" in a v1 hierarchy, "0::/group" in the v2 one.
std::string memory_cgroup(std::int32_t pid, const std::string& root) {
  std::string v1;
  std::string v2;
  const std::string text = read_text(fmt::format("{}/proc/{}/cgroup", root, pid));
  for_each_line(text, [&](std::string_view line) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string_view::npos) return false;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    if (lists_memory(controllers)) v1 = line.substr(second + 1);
    if (controllers.empty()) v2 = line.substr(second + 1);
    return false;
  });
  return v1.empty() ? v2 : v1;
}

CgroupMemory read_cgroup_memory(const std::string& cgroup, const std::string& root) {
  CgroupMemory memory;
  for (const CgroupMount& mount : parse_cgroup_mounts(read_text(root + "/proc/self/mountinfo"))) {
    const std::string directory = root + mount.mount_point + cgroup + "/";
    const std::string usage =
        read_text(directory + (mount.is_v2 ? "memory.current" : "memory.usage_in_bytes"));
    if (usage.empty()) continue;
    memory.usage_bytes = parse_number(usage);
    // "max" is no number.
    memory.limit_bytes =
        parse_number(read_text(directory + (mount.is_v2 ? "memory.max" : "memory.limit_in_bytes")));
    if (memory.limit_bytes >= kNoLimit) memory.limit_bytes.reset();
    break;
  }
  return memory;
}

}  // namespace sonde::process
