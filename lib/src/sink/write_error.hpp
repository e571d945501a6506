#pragma once

#include <string>

#include <sonde/error.hpp>

namespace sonde::sink {

/// OutputFailed for a failed system call on an output, with the fix that its errno calls for.
Error write_error(std::string what, int sys_errno);

}  // namespace sonde::sink
