#pragma once

#include <string>

#include <sonde/report.hpp>

namespace sonde::render {

/// The books of each tracer, a line each; stacks that are incomplete follow on a line of their own.
std::string books_text(const ReportSummary& summary, bool color);

/// Books, cost, notices and what this kernel cannot give, as lines for a person: the foot of a
/// table, and for the terminal when the output itself cannot show them
/// (RendererEntry::shows_summary).
std::string summary_text(const ReportHeader& header, const ReportSummary& summary, bool color);

}  // namespace sonde::render
