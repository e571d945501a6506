// Facts about the machine that appear in every report's header.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sonde/report.hpp>

namespace sonde::core {

/// Host, kernel release, architecture, online CPUs and the current time; the rest is left to the
/// caller.
ReportHeader describe_machine();

/// Numbers of the CPUs that are online, from <root>/sys/devices/system/cpu/online; empty if it
/// cannot be read.
std::vector<int> online_cpus(const std::string& root = {});

/// "0-3,5" as in the kernel's lists of CPUs; empty if malformed.
std::vector<int> parse_cpu_list(std::string_view text);

/// Inode of this process's PID namespace, or 0 in the initial one (PROC_PID_INIT_INO in the
/// kernel's proc_ns.h).
unsigned own_pid_namespace();

}  // namespace sonde::core
