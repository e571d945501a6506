#pragma once

#include <string>
#include <string_view>

#include <sonde/error.hpp>

namespace sonde::render {

/// One gzip member with no name and no time in it: equal input gives equal output.
Result<std::string> gzip(std::string_view bytes);

}  // namespace sonde::render
