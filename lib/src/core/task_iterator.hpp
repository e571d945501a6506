#pragma once

#include <bpf/libbpf.h>

#include <cstddef>
#include <vector>

#include <sonde/error.hpp>

namespace sonde::core {

/// Runs an iterator program over all tasks of the machine once and gives what it wrote.
/// AttachFailed.
Result<std::vector<std::byte>> run_task_iterator(const bpf_program* program);

}  // namespace sonde::core
