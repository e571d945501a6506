// Runs the tools whose answers the tests take as true: nm, readelf, objcopy.
#pragma once

#include <array>
#include <cstdio>
#include <stdexcept>
#include <string>

namespace sonde::test {

/// What a shell command writes to its standard output; throws if it fails.
inline std::string output_of(const std::string& command) {
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  std::string output;
  std::array<char, 4096> part = {};
  for (std::size_t got = 0; (got = std::fread(part.data(), 1, part.size(), pipe)) > 0;) {
    output.append(part.data(), got);
  }
  if (::pclose(pipe) != 0) throw std::runtime_error("failed: " + command);
  return output;
}

}  // namespace sonde::test
