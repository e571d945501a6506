// Field numbers of pprof's profile.proto,
// https://github.com/google/pprof/blob/main/proto/profile.proto
#pragma once

#include <protozero/types.hpp>

namespace sonde::render::proto {

namespace profile {
inline constexpr protozero::pbf_tag_type kSampleType = 1;
inline constexpr protozero::pbf_tag_type kSample = 2;
inline constexpr protozero::pbf_tag_type kMapping = 3;
inline constexpr protozero::pbf_tag_type kLocation = 4;
inline constexpr protozero::pbf_tag_type kFunction = 5;
inline constexpr protozero::pbf_tag_type kStringTable = 6;
inline constexpr protozero::pbf_tag_type kTimeNanos = 9;
inline constexpr protozero::pbf_tag_type kDurationNanos = 10;
inline constexpr protozero::pbf_tag_type kPeriodType = 11;
inline constexpr protozero::pbf_tag_type kPeriod = 12;
inline constexpr protozero::pbf_tag_type kComment = 13;
inline constexpr protozero::pbf_tag_type kDefaultSampleType = 14;
}  // namespace profile

namespace value_type {
inline constexpr protozero::pbf_tag_type kType = 1;
inline constexpr protozero::pbf_tag_type kUnit = 2;
}  // namespace value_type

namespace sample {
inline constexpr protozero::pbf_tag_type kLocationId = 1;
inline constexpr protozero::pbf_tag_type kValue = 2;
inline constexpr protozero::pbf_tag_type kLabel = 3;
}  // namespace sample

namespace label {
inline constexpr protozero::pbf_tag_type kKey = 1;
inline constexpr protozero::pbf_tag_type kStr = 2;
inline constexpr protozero::pbf_tag_type kNum = 3;
}  // namespace label

namespace mapping {
inline constexpr protozero::pbf_tag_type kId = 1;
inline constexpr protozero::pbf_tag_type kMemoryStart = 2;
inline constexpr protozero::pbf_tag_type kMemoryLimit = 3;
inline constexpr protozero::pbf_tag_type kFilename = 5;
inline constexpr protozero::pbf_tag_type kBuildId = 6;
inline constexpr protozero::pbf_tag_type kHasFunctions = 7;
inline constexpr protozero::pbf_tag_type kHasFilenames = 8;
inline constexpr protozero::pbf_tag_type kHasLineNumbers = 9;
inline constexpr protozero::pbf_tag_type kHasInlineFrames = 10;
}  // namespace mapping

namespace location {
inline constexpr protozero::pbf_tag_type kId = 1;
inline constexpr protozero::pbf_tag_type kMappingId = 2;
inline constexpr protozero::pbf_tag_type kAddress = 3;
inline constexpr protozero::pbf_tag_type kLine = 4;
}  // namespace location

namespace line {
inline constexpr protozero::pbf_tag_type kFunctionId = 1;
inline constexpr protozero::pbf_tag_type kLine = 2;
}  // namespace line

namespace function {
inline constexpr protozero::pbf_tag_type kId = 1;
inline constexpr protozero::pbf_tag_type kName = 2;
inline constexpr protozero::pbf_tag_type kFilename = 4;
}  // namespace function

}  // namespace sonde::render::proto
