// The records of format json, as schema.json describes them.
#pragma once

#include <chrono>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <vector>

#include <sonde/report.hpp>

namespace sonde::render {

/// Keeps the order of fields, so that a line begins with its type.
using Json = nlohmann::ordered_json;

inline constexpr int kSchemaVersion = 1;

Json header_record(const ReportHeader& header);
Json histogram_record(const Histogram& histogram);
/// `index` counts from 1; `covered` is the time since the previous interval.
Json interval_record(const ReportSummary& summary, std::size_t index,
                     std::chrono::nanoseconds covered);
Json summary_record(const ReportSummary& summary);

}  // namespace sonde::render
