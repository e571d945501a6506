#include "oracle.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "command.hpp"
#include "temp_dir.hpp"

namespace sonde::test {
namespace {

// "name inlined at file:line:column in function" is of the innermost call.
std::string without_place(const std::string& name) {
  return name.substr(0, name.find(" inlined at "));
}

// "file:line:column" -> "file:line"
std::string without_column(std::string source) {
  source = source.substr(0, source.find(" (discriminator"));
  if (source.ends_with(":?")) source.back() = '0';
  const std::size_t last = source.rfind(':');
  const std::size_t before = source.rfind(':', last - 1);
  return before == std::string::npos ? source : source.substr(0, last);
}

}  // namespace

std::vector<std::vector<OracleCall>> ask(const std::string& tool, const std::string& file,
                                         std::span<const std::uint64_t> addresses) {
  const TempDir directory;
  {
    std::ofstream input(directory.path("addresses"));
    for (const std::uint64_t address : addresses)
      input << std::hex << "0x" << address << '\n';
  }
  std::istringstream output(
      output_of(tool + " -a -f -i -e '" + file + "' <'" + directory.path("addresses") + "'"));
  std::vector<std::vector<OracleCall>> calls;
  std::string name;
  std::string source;
  while (std::getline(output, name)) {
    if (name.starts_with("0x")) {
      calls.emplace_back();
    } else if (std::getline(output, source)) {
      calls.back().push_back({without_place(name), without_column(source)});
    }
  }
  return calls;
}

std::vector<std::uint64_t> addresses_in(const std::string& file, std::size_t count) {
  struct Range {
    std::uint64_t address;
    std::uint64_t size;
  };
  std::vector<Range> ranges;
  std::istringstream lines(output_of("nm --defined-only -S '" + file + "'"));
  std::uint64_t total = 0;
  for (std::string line; std::getline(lines, line);) {
    unsigned long address = 0;
    unsigned long size = 0;
    char type = 0;
    if (std::sscanf(line.c_str(), "%lx %lx %c", &address, &size, &type) != 3) continue;
    if (std::string("tTwWi").find(type) == std::string::npos || size == 0) continue;
    ranges.push_back({address, size});
    total += size;
  }
  const std::uint64_t step = std::max<std::uint64_t>(1, total / std::max<std::size_t>(1, count));
  std::vector<std::uint64_t> addresses;
  for (const Range& range : ranges) {
    // Begins somewhere else in each function, so that prologues are no larger a share than they
    // are.
    for (std::uint64_t at = range.address * 7 % std::min(step, range.size); at < range.size;
         at += step)
      addresses.push_back(range.address + at);
  }
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

}  // namespace sonde::test
