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

/// The sum over all CPUs of the only element of a BPF_MAP_TYPE_PERCPU_ARRAY whose value is nothing
/// but 64-bit counters. All 0 if the map cannot be read.
template <class Counters>
Counters sum_counters(int map_fd) noexcept {
  static_assert(std::is_trivially_copyable_v<Counters> && sizeof(Counters) % 8 == 0);
  using Words = std::array<std::uint64_t, sizeof(Counters) / 8>;
  std::vector<Words> per_cpu(static_cast<std::size_t>(::libbpf_num_possible_cpus()));
  const std::uint32_t zero = 0;
  Words sum{};
  if (::bpf_map_lookup_elem(map_fd, &zero, per_cpu.data()) == 0) {
    for (const Words& words : per_cpu) {
      for (std::size_t i = 0; i < sum.size(); ++i)
        sum[i] += words[i];
    }
  }
  return std::bit_cast<Counters>(sum);
}

}  // namespace sonde::core
