#pragma once

#include <cstddef>
#include <string>

#include <sonde/report.hpp>

namespace sonde::render {

/// A line for each bucket, with a bar; `width` is that of the terminal, 0 if it is none. Ranges in
/// which nothing fell are shown as a gap.
std::string histogram_text(const Histogram& histogram, std::size_t width, bool color);

/// How far a value of the histogram may lie from the middle of its bucket, in percent of the value;
/// 0 if every bucket holds one value.
double error_bound_percent(const Histogram& histogram);

}  // namespace sonde::render
