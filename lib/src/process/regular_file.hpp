// Opens files that someone else chose the name of.
#pragma once

#include <string>

#include "util/unique_fd.hpp"

namespace sonde::process {

/// Read-only; empty, with errno set, if it cannot be opened or is no regular file (then EINVAL).
/// Never blocks on a FIFO and never acts on a device beyond opening it without waiting.
UniqueFd open_regular(const std::string& path) noexcept;

/// Up to `limit` bytes of a file such as those of /proc; empty if it cannot be read, with errno
/// set.
std::string read_text(const std::string& path, std::size_t limit = std::size_t{1} << 20);

}  // namespace sonde::process
