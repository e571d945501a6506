#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "process/address_spaces.hpp"
#include "symbolize/symbolizer.hpp"
#include "util/fail.hpp"

using namespace sonde;
using symbolize::RawStack;
using symbolize::Symbolizer;
using symbolize::SymbolizerOptions;

BOOST_AUTO_TEST_SUITE(kernel_names)

namespace {

RawStack kernel_stack(std::vector<std::uint64_t> addresses) {
  RawStack stack;
  stack.pid = stack.tid = 1;
  stack.comm = "prog";
  stack.kernel = std::move(addresses);
  stack.values = {1};
  return stack;
}

StackProfile symbolize_with(SymbolizerOptions options, const std::vector<RawStack>& stacks) {
  options.root = "/nonexistent";
  return Symbolizer(std::move(options)).symbolize(stacks, process::AddressSpaces("/nonexistent"));
}

}  // namespace

// The kernel's own spelling is taken apart: a core function, one of a module, and an address it
// does not know.
BOOST_AUTO_TEST_CASE(reads_the_kernels_spelling) {
  SymbolizerOptions options;
  options.kernel_names =
      [](std::span<const std::uint64_t> addresses) -> Result<std::vector<std::string>> {
    std::vector<std::string> names;
    for (const std::uint64_t address : addresses) {
      names.emplace_back(address == 0x1000   ? "vfs_read"
                         : address == 0x1fff ? "ext4_readdir [ext4]"
                                             : "0xffffffffc0000000");
    }
    return names;
  };
  // All but the first are return addresses, looked up one byte before.
  const StackProfile profile = symbolize_with(options, {kernel_stack({0x1000, 0x2000, 0x3000})});
  BOOST_TEST_REQUIRE(profile.stacks.size() == 1u);
  std::vector<std::string> seen;
  for (const std::uint32_t index : profile.stacks[0].frames) {
    const Frame& frame = profile.frames[index];
    BOOST_TEST((frame.kind == FrameKind::kernel));
    seen.push_back(frame.name + " " + profile.modules[frame.module].path);
  }
  BOOST_TEST(seen == (std::vector<std::string>{"vfs_read [kernel]", "ext4_readdir [ext4]",
                                               "[kernel+0x3000] [kernel]"}));
}

// A lookup that fails leaves addresses, and says so.
BOOST_AUTO_TEST_CASE(failed_lookup_is_a_notice) {
  SymbolizerOptions options;
  options.kernel_names = [](std::span<const std::uint64_t>) -> Result<std::vector<std::string>> {
    return fail(ErrorCode::MapOperationFailed, "ask the kernel");
  };
  Symbolizer symbolizer(std::move(options));
  const std::vector<RawStack> stacks = {kernel_stack({0x1000})};
  const StackProfile profile = symbolizer.symbolize(stacks, process::AddressSpaces("/nonexistent"));
  BOOST_TEST(profile.frames.at(0).name == "[kernel+0x1000]");
  BOOST_TEST_REQUIRE(symbolizer.notices().size() == 1u);
  BOOST_TEST(symbolizer.notices()[0].find("ask the kernel") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
