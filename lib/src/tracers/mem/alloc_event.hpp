#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "tracers/stacks/stack_events.hpp"

namespace sonde::tracers {

/// A record of kind SONDE_RECORD_ALLOC or SONDE_RECORD_ALLOC_FREE. `functions`: names by the number
/// in a breakpoint's cookie. Empty if it is malformed.
std::optional<StackEvent> decode_alloc_event(std::span<const std::byte> record,
                                             std::span<const std::string> functions);

}  // namespace sonde::tracers
