#pragma once

#include <string>
#include <string_view>

#include <sonde/error.hpp>

namespace sonde::syscalls {

/// "ENOENT"; the kernel's own that a tracer sees when a signal interrupts a call ("ERESTARTSYS",
/// ...) too; "errno_999" for a number without a name.
std::string errno_name(int number);
/// "No such file or directory"; empty if there is none.
std::string_view errno_description(int number) noexcept;
/// By name or number. ConfigError with a did-you-mean.
Result<int> parse_errno(std::string_view text);

}  // namespace sonde::syscalls
