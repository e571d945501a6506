#include <boost/test/unit_test.hpp>
#include <cstdio>

#include <sonde/loader.hpp>

namespace {

bool init() {
  return true;
}

}  // namespace

// Skipped (77 to Meson), with the reason, where BPF is not allowed: never passed by doing nothing.
int main(int argc, char** argv) {
  const auto support = sonde::EbpfLoader::check_system_support();
  if (!support || !support->usable) {
    std::printf("skipped: %s\n",
                support ? support->problem.c_str() : support.error().message().c_str());
    return 77;
  }
  return boost::unit_test::unit_test_main(init, argc, argv);
}
