// Holds breakpoints in a process until its input ends, for the tests of what they do to it:
// hold_probes PID FILE all|OFFSET..., where "all" is every function of the file.
#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/uprobe_links.hpp"
#include "elf/image.hpp"
#include "probe/site.hpp"

namespace {

using namespace sonde;

std::vector<core::UprobePoint> all_sites(const char* path) {
  std::vector<core::UprobePoint> points;
  const auto image = elf::Image::open(ByteSource(UniqueFd(::open(path, O_RDONLY | O_CLOEXEC))));
  if (!image) return points;
  for (const auto& function : probe::find_functions(*image, [](auto) { return true; })) {
    if (const auto site = probe::find_site(*image, function, {}); site)
      points.push_back({site->file_offset, 0});
  }
  return points;
}

}  // namespace

int main(int count, char** words) {
  if (count < 4) return 2;
  std::vector<core::UprobePoint> points;
  if (std::string(words[3]) == "all")
    points = all_sites(words[2]);
  else
    for (int i = 3; i < count; ++i)
      points.push_back({std::strtoull(words[i], nullptr, 0), 0});
  const UniqueFd program = core::load_empty_uprobe_program();
  core::UprobeLinks links;
  const std::uint64_t start = core::monotonic_ns();
  const auto refused = links.attach(program.get(), core::kUprobeMultiAttachType, words[2],
                                    std::atoi(words[1]), points);
  if (!refused) {
    std::fprintf(stderr, "%s\n", refused.error().message().c_str());
    return 1;
  }
  std::printf("ready %zu %zu %llu\n", points.size(), refused->size(),
              static_cast<unsigned long long>(core::monotonic_ns() - start));
  for (const core::UprobePoint& point : *refused)
    std::printf("refused %llu\n", static_cast<unsigned long long>(point.offset));
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  const std::uint64_t end = core::monotonic_ns();
  links.detach();
  std::printf("detached %llu\n", static_cast<unsigned long long>(core::monotonic_ns() - end));
  return 0;
}
