#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <sonde/error.hpp>

struct sonde_ksym_exchange;

namespace sonde::core {

/// Asks the kernel for the names of its own addresses, through the program of ksym.bpf.h. For each
/// address the text of the kernel's %ps format: "name", "name [module]", or "0x..." where there is
/// none. MapOperationFailed if the program cannot be run. `exchange` is the program's mapped
/// memory.
Result<std::vector<std::string>> look_up_kernel_names(int program_fd, sonde_ksym_exchange& exchange,
                                                      std::span<const std::uint64_t> addresses);

}  // namespace sonde::core
