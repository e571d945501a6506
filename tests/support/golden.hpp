#pragma once

#include <string>
#include <string_view>

namespace sonde::test {

/// Fails the running test case unless `actual` equals tests/golden/<name> byte by byte. With
/// SONDE_BLESS=1 writes the file instead; refused when the git tree has other changes, so that
/// blessed files are reviewed on their own. Needs SONDE_GOLDEN_DIR in the environment.
void check_golden(const std::string& name, std::string_view actual);

}  // namespace sonde::test
