#pragma once

#include <string_view>

namespace sonde::render {

/// The JSON Schema (draft 2020-12) of every line that format json writes: schema.json, built into
/// the library.
std::string_view json_schema();

}  // namespace sonde::render
