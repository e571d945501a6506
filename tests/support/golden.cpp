#include "golden.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace sonde::test {
namespace {

std::string golden_dir() {
  const char* dir = std::getenv("SONDE_GOLDEN_DIR");
  BOOST_REQUIRE_MESSAGE(dir != nullptr, "SONDE_GOLDEN_DIR is not set: run through meson test");
  return dir;
}

// Asked once: the first blessed file makes the tree dirty itself.
bool tree_is_clean() {
  static const bool clean = [] {
    const std::string command = "git -C '" + golden_dir() + "' status --porcelain";
    FILE* git = ::popen(command.c_str(), "r");
    const bool nothing_printed = git != nullptr && std::fgetc(git) == EOF;
    return git != nullptr && ::pclose(git) == 0 && nothing_printed;
  }();
  return clean;
}

}  // namespace

void check_golden(const std::string& name, std::string_view actual) {
  const std::string path = golden_dir() + "/" + name;
  if (std::getenv("SONDE_BLESS") != nullptr) {
    BOOST_REQUIRE_MESSAGE(tree_is_clean(), "SONDE_BLESS: commit or stash your changes first");
    std::ofstream(path, std::ios::binary) << actual;
    return;
  }
  std::ifstream file(path, std::ios::binary);
  BOOST_REQUIRE_MESSAGE(file, "cannot read " << path << ": SONDE_BLESS=1 creates it");
  const std::string expected{std::istreambuf_iterator<char>(file), {}};
  BOOST_CHECK_MESSAGE(expected == actual, path << " differs from:\n" << actual);
}

}  // namespace sonde::test
