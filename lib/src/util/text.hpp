// Text that came from the kernel or from files is bytes: it is repaired once, where it enters a
// text format.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sonde::text {

/// Replaces every byte that is not part of well-formed UTF-8 by U+FFFD. Source: Unicode 15, table
/// 3-7.
std::string repair_utf8(std::string_view bytes);

/// Repaired, and control characters (terminal escapes and line breaks included) shown as "?": safe
/// to print.
std::string printable(std::string_view bytes);
void append_printable(std::string& out, std::string_view bytes);

/// Terminal columns of well-formed UTF-8, as wcwidth counts them in a UTF-8 locale-independent way:
/// combining marks 0, East Asian wide 2, everything else 1.
std::size_t display_width(std::string_view utf8);

/// Cuts well-formed UTF-8 to at most `width` columns; a cut text ends in U+2026 "…".
std::string fit(std::string_view utf8, std::size_t width);

/// Lower-case hexadecimal, two digits a byte.
std::string to_hex(std::string_view bytes);

}  // namespace sonde::text
