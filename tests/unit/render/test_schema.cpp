#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "render/schema.hpp"

// The schema in the binary is the file that the goldens are validated with.
BOOST_AUTO_TEST_CASE(embedded_schema_is_the_file) {
  const char* path = std::getenv("SONDE_SCHEMA_FILE");
  BOOST_REQUIRE(path != nullptr);
  std::ifstream file(path, std::ios::binary);
  const std::string expected{std::istreambuf_iterator<char>(file), {}};
  BOOST_TEST(!expected.empty());
  BOOST_TEST((sonde::render::json_schema() == expected));
}
