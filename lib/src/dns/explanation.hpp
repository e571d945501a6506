// What became of a query, in a plain sentence.
#pragma once

#include <string>

#include "dns/lookups.hpp"

namespace sonde::dns {

/// Whether the client got no answer that it can use: an error, a timeout, or nothing readable.
bool has_failed(const Lookup& lookup) noexcept;

/// "NXDOMAIN", "NOERROR", "timeout": what a table shows.
std::string result_text(const Lookup& lookup);

/// `server` as text. Empty where there is nothing to say: answered with records.
std::string explanation(const Lookup& lookup, const std::string& server);

/// The answers as "A 192.0.2.1", in their order.
std::vector<std::string> answer_texts(const Lookup& lookup);

}  // namespace sonde::dns
