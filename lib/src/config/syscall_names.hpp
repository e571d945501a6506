// The spelling of the system call tracer's choices in flags and files.
#pragma once

#include <sonde/config.hpp>
#include <string_view>
#include <vector>

namespace sonde::config {

/// "process", "thread", "cgroup" or "errno".
std::string_view to_string(SyscallGroup group) noexcept;

/// Adds what `name` stands for unless `groups` has it. "syscall" is taken and adds nothing, since
/// rows are by system call in any case. ConfigError with a did-you-mean for an unknown name.
Result<void> add_syscall_group(std::string_view name, std::vector<SyscallGroup>& groups);
/// What add_syscall_group() takes.
std::vector<std::string_view> syscall_group_names();

/// "count", "time" or "errors".
std::string_view to_string(StackWeight weight) noexcept;

/// ConfigError with a did-you-mean for any other name.
Result<StackWeight> parse_stack_weight(std::string_view name);
std::vector<std::string_view> stack_weight_names();

}  // namespace sonde::config
