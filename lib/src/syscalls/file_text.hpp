// What a descriptor stands for, as strace -yy says it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace sonde::syscalls {

/// Of a SONDE_RECORD_FILE: "</etc/passwd>", "<pipe:[123]>", "</tmp/x>(deleted)". A path whose begin
/// is not known begins with "...". Nothing for a record that is malformed.
std::optional<std::string> file_text(std::span<const std::byte> record);

}  // namespace sonde::syscalls
