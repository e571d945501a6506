// Counters that each CPU keeps for itself.
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace sonde::core {

/// The sum over all CPUs of the only element of a BPF_MAP_TYPE_PERCPU_ARRAY whose value begins with
/// nothing but 64-bit counters; `value_bytes` is what the whole value has, a multiple of 8. All 0
/// if the map cannot be read.
template <class Counters>
Counters sum_counters(int map_fd, std::size_t value_bytes = sizeof(Counters)) noexcept {
  static_assert(std::is_trivially_copyable_v<Counters> && sizeof(Counters) % 8 == 0);
  using Words = std::array<std::uint64_t, sizeof(Counters) / 8>;
  const std::size_t stride = value_bytes / 8;
  const auto cpus = static_cast<std::size_t>(::libbpf_num_possible_cpus());
  std::vector<std::uint64_t> per_cpu(cpus * stride);
  const std::uint32_t zero = 0;
  Words sum{};
  if (::bpf_map_lookup_elem(map_fd, &zero, per_cpu.data()) == 0) {
    for (std::size_t cpu = 0; cpu < cpus; ++cpu) {
      for (std::size_t i = 0; i < sum.size(); ++i)
        sum[i] += per_cpu[cpu * stride + i];
    }
  }
  return std::bit_cast<Counters>(sum);
}

}  // namespace sonde::core
