#include "descriptor_limit.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace sonde::cli {

void raise_descriptor_limit() noexcept {
  constexpr rlim_t kEnough = 65536;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t raised = std::min(limit.rlim_max, kEnough);
  if (limit.rlim_cur >= raised) return;
  limit.rlim_cur = raised;
  // Without it fewer files stay open, which the report tells.
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

}  // namespace sonde::cli
