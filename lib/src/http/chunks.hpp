#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sonde::http {

/// Bytes of the chunked body at the start of `bytes`, with its last chunk and its trailer (RFC
/// 9112, 7.1). Nothing if it goes on behind them, or is malformed.
std::optional<std::uint64_t> size_of_chunks(std::string_view bytes) noexcept;

}  // namespace sonde::http
