#pragma once

#include <sonde/error.hpp>
#include <string>

namespace sonde::cli {

/// Prints where the sources in `path`, a file or a folder with all below it, use the v0.0.x API,
/// and the diff that replaces it. True if there was any use.
Result<bool> show_old_api(const std::string& path);

}  // namespace sonde::cli
