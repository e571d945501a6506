// Names of what sockets and the calls that wait for descriptors take.
#pragma once

#include <cstdint>
#include <string>

#include "syscalls/signatures.hpp"

namespace sonde::syscalls {

/// As named_value().
std::string named_socket_value(Arg kind, std::uint64_t value);

std::string socket_protocol(std::uint64_t domain, std::uint64_t protocol);

/// Of setsockopt().
std::string socket_option(std::uint64_t level, std::uint64_t option);

}  // namespace sonde::syscalls
