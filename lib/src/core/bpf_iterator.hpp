#pragma once

#include <bpf/libbpf.h>

#include <cstddef>
#include <vector>

#include <sonde/error.hpp>

namespace sonde::core {

/// Runs an iterator program over all tasks of the machine, or their files, once and gives what it
/// wrote. AttachFailed.
Result<std::vector<std::byte>> run_task_iterator(const bpf_program* program);
/// The same over the elements of a map, such as the sockets with memory in it.
Result<std::vector<std::byte>> run_map_iterator(const bpf_program* program, const bpf_map* map);

}  // namespace sonde::core
