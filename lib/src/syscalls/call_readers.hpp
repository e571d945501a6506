#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "syscall_event.h"
#include "syscalls/signatures.hpp"

namespace sonde::syscalls {

/// The positions + 1 of the arguments that are descriptors; 0: none.
using FileArguments = std::array<std::uint8_t, SONDE_CALL_FILES>;
FileArguments file_arguments(const Signature& signature) noexcept;

/// For each number of the ABI what its arguments point to. `string_bytes`: of the contents of
/// buffers.
std::vector<sonde_call_readers> call_readers(std::uint8_t abi, std::uint32_t string_bytes);

}  // namespace sonde::syscalls
