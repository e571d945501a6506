#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "tracers/stacks/stack_events.hpp"

namespace sonde::tracers {

/// A record of kind SONDE_RECORD_SAMPLE. Empty if it is malformed.
std::optional<StackEvent> decode_sample(std::span<const std::byte> record);

}  // namespace sonde::tracers
