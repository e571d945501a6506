// Numbers as people read them. For tables only: every other format keeps exact values.
#pragma once

#include <cstdint>
#include <string>

#include <sonde/report.hpp>
#include "render/local_time.hpp"

namespace sonde::render {

/// Three significant digits and a decimal unit: "999 ns", "1.23 ms", "45.0 s".
std::string humanize_nanoseconds(double nanoseconds);
/// Three significant digits and a binary unit: "512 B", "4.50 MiB".
std::string humanize_bytes(double bytes);
/// The same of a whole number, appended: rows come by the hundred thousand.
void append_nanoseconds(std::string& out, std::uint64_t nanoseconds);
/// "-" for a value that was not measured; text is made printable.
std::string humanize(const Value& value, Unit unit);
void append_humanized(std::string& out, const Value& value, Unit unit, LocalTime& time);

}  // namespace sonde::render
