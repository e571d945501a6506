#include "process/cgroup_mounts.hpp"

#include <algorithm>
#include <array>

namespace sonde::process {
namespace {

// SUBSYS() in include/linux/cgroup_subsys.h, by the names that mount options show.
constexpr std::array<std::string_view, 15> kControllers = {
    "cpuset",  "cpu",        "cpuacct",  "blkio",   "io",   "memory", "devices", "freezer",
    "net_cls", "perf_event", "net_prio", "hugetlb", "pids", "rdma",   "misc"};

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

bool is_octal(std::string_view digits) {
  return digits.size() == 3 &&
         std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '7'; });
}

// mountinfo writes space, tab, line break and backslash as three octal digits (proc(5)).
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view digits = text.substr(i + 1, 3);
    if (text[i] != '\\' || !is_octal(digits)) {
      out += text[i];
      continue;
    }
    out += static_cast<char>((digits[0] - '0') * 64 + (digits[1] - '0') * 8 + (digits[2] - '0'));
    i += digits.size();
  }
  return out;
}

}  // namespace

// "36 35 98:0 /root /mount/point rw,noatime master:1 - cgroup cgroup rw,cpu,cpuacct": any number of
// optional fields stands before the dash.
std::vector<CgroupMount> parse_cgroup_mounts(std::string_view mountinfo) {
  std::vector<CgroupMount> mounts;
  for (const std::string_view line : split(mountinfo, '\n')) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    const auto before = split(line.substr(0, dash), ' ');
    const auto after = split(line.substr(dash + 3), ' ');
    if (before.size() < 6 || after.size() < 3) continue;
    if (after[0] != "cgroup" && after[0] != "cgroup2") continue;
    CgroupMount mount;
    mount.mount_point = unescape(before[4]);
    mount.is_v2 = after[0] == "cgroup2";
    const auto options = split(after[2], ',');
    const auto controller = std::find_first_of(options.begin(), options.end(), kControllers.begin(),
                                               kControllers.end());
    if (!mount.is_v2 && controller != options.end()) mount.controller = *controller;
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

}  // namespace sonde::process
