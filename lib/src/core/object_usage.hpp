// What a loaded BPF object holds and spends, as the kernel accounts it.
#pragma once

#include <bpf/libbpf.h>

#include <cstdint>
#include <optional>

namespace sonde::core {

/// Kernel memory of all maps ("memlock" in /proc/self/fdinfo); empty if the kernel does not tell.
std::optional<std::uint64_t> map_memory_bytes(const bpf_object* object);

struct ProgramTime {
  std::uint64_t run_time_ns = 0;
  std::uint64_t runs = 0;
};
/// Sum over all loaded programs while BPF statistics were on (bpf_prog_info). Iterators are left
/// out: they run on the time of the thread that reads them.
ProgramTime program_time(const bpf_object* object);

/// Runs that the kernel skipped because the program was already running on that CPU
/// (bpf_prog_info, 5.12).
std::uint64_t recursion_misses(const bpf_object* object);

/// Resident set of this process (/proc/self/statm).
std::uint64_t resident_bytes();

}  // namespace sonde::core
