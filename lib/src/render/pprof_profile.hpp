#pragma once

#include <string>

#include <sonde/report.hpp>

namespace sonde::render {

/// Encodes every StackProfile of the report as one profile.proto message, not compressed. Each
/// profile keeps sample types of its own: its samples are 0 in those of the others.
std::string encode_pprof(const ReportHeader& header, const Report& report);

}  // namespace sonde::render
