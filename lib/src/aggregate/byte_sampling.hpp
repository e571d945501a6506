// The arithmetic of sampling memory by its bytes, for the tables of byte_sampling.bpf.h.
#pragma once

#include <cstdint>
#include <span>

namespace sonde::aggregate {

/// log2(1 + i / (size - 1)), in units of 2^-SONDE_SAMPLING_LOG_SCALE.
void fill_log_table(std::span<std::uint32_t> table);
/// x / (1 - exp(-x)) at x = i / 2^SONDE_SAMPLING_INVERSE_STEP, in units of
/// 2^-SONDE_SAMPLING_INVERSE_SCALE.
void fill_inverse_table(std::span<std::uint32_t> table);

}  // namespace sonde::aggregate
