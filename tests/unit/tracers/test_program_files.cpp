// The files of a program before it runs, against what ldd says.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>

#include "command.hpp"
#include "temp_dir.hpp"
#include "tracers/mem/program_files.hpp"

using namespace sonde;

namespace {

using Names = std::set<std::string>;

Names files_of(const std::string& program, std::string_view environment = {}) {
  const auto files = tracers::program_files(program, environment);
  return {files.begin(), files.end()};
}

// "name => /path (0x...)" or "/path (0x...)", by their real names, and the program.
Names listed(const std::string& program) {
  Names names{std::filesystem::canonical(program).string()};
  std::istringstream words(test::output_of("ldd " + program));
  for (std::string word; words >> word;) {
    if (word.starts_with('/')) names.insert(std::filesystem::canonical(word).string());
  }
  return names;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(program_files)

// Libraries of libraries included.
BOOST_AUTO_TEST_CASE(as_ldd) {
  for (const std::string program : {"/bin/sh", "/usr/bin/git", "/usr/bin/gdb", "/usr/sbin/nginx"}) {
    if (!std::filesystem::exists(program)) continue;
    const Names found = files_of(program);
    const Names expected = listed(program);
    BOOST_TEST(found == expected, boost::test_tools::per_element());
  }
}

// What is preloaded comes along; a script runs its interpreter.
BOOST_AUTO_TEST_CASE(preloaded_and_scripts) {
  using namespace std::string_view_literals;
  const test::TempDir folder;
  const std::string script = folder.write("script", "#!/bin/sh -e\nexit 0\n");
  const Names plain = files_of(script);
  BOOST_TEST(plain == files_of("/bin/sh"), boost::test_tools::per_element());
  const Names preloaded = files_of(script, "A=1\0LD_PRELOAD=libjemalloc.so.2\0B=\0"sv);
  BOOST_TEST(preloaded.size() > plain.size());
  BOOST_TEST(std::ranges::any_of(preloaded, [](const std::string& path) {
    return path.find("libjemalloc") != std::string::npos;
  }));
}

// What is no program has no files but itself.
BOOST_AUTO_TEST_CASE(no_program) {
  BOOST_TEST(files_of("/nonexistent").empty());
  BOOST_TEST(files_of("/etc/passwd") == Names{"/etc/passwd"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
