// The content of resource records as text, in the notation of zone files.
#pragma once

#include <cstdint>
#include <string>

#include "dns/reader.hpp"

namespace sonde::dns {

/// The next `length` bytes of `reader`: "192.0.2.1", "10 mail.example.com"; for a type that is not
/// known, "\# 3 0a0b0c" (RFC 3597). False, and a defect, if they are no content of `type`.
bool read_record_content(Reader& reader, std::uint16_t type, std::uint16_t length,
                         std::string& text);

}  // namespace sonde::dns
