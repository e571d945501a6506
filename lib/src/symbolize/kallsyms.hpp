// Names of kernel addresses from /proc/kallsyms.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <sonde/error.hpp>

namespace sonde::symbolize {

struct KernelSymbol {
  std::string name;    // empty if the address lies in no known function
  std::string module;  // "[kernel]", "[name]" of a module, "[bpf]"
};

/// For each of the addresses (sorted, unique) the function that holds it. InsufficientPermissions
/// if the kernel shows zeros instead of addresses.
Result<std::vector<KernelSymbol>> find_kernel_symbols(const std::string& root,
                                                      std::span<const std::uint64_t> addresses);

}  // namespace sonde::symbolize
