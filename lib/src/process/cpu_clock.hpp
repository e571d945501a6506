#pragma once

#include <cstdint>
#include <optional>

namespace sonde::process {

/// CPU time of all threads of a process, those that have ended included; empty if it is gone. Needs
/// no privilege.
std::optional<std::uint64_t> cpu_time_ns(std::int32_t pid) noexcept;

}  // namespace sonde::process
