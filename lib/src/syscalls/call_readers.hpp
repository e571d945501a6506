#pragma once

#include <cstdint>
#include <vector>

#include "syscall_event.h"

namespace sonde::syscalls {

/// For each number of the ABI what its arguments point to. `string_bytes`: of the contents of
/// buffers.
std::vector<sonde_call_readers> call_readers(std::uint8_t abi, std::uint32_t string_bytes);

}  // namespace sonde::syscalls
