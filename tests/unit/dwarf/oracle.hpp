// What other tools tell about addresses of a file.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sonde::test {

struct OracleCall {
  std::string name;
  std::string source;  // "file:line", or "??:0"
};

/// For each address the calls, innermost first, as `tool`, "eu-addr2line" of elfutils or
/// "addr2line" of binutils, finds them in `file`.
std::vector<std::vector<OracleCall>> ask(const std::string& tool, const std::string& file,
                                         std::span<const std::uint64_t> addresses);

/// Sorted, unique, about `count` addresses spread over the functions that nm lists.
std::vector<std::uint64_t> addresses_in(const std::string& file, std::size_t count);

}  // namespace sonde::test
