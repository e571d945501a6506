#include "core/kernel_lookup.hpp"

#include <bpf/bpf.h>

#include <algorithm>
#include <cstring>

#include "ksym.h"
#include "util/fail.hpp"

namespace sonde::core {

Result<std::vector<std::string>> look_up_kernel_names(int program_fd, sonde_ksym_exchange& exchange,
                                                      std::span<const std::uint64_t> addresses) {
  std::vector<std::string> names;
  names.reserve(addresses.size());
  while (!addresses.empty()) {
    const std::size_t count = std::min<std::size_t>(addresses.size(), SONDE_KSYM_BATCH);
    exchange.count = static_cast<std::uint32_t>(count);
    std::copy_n(addresses.begin(), count, exchange.addresses);
    // The kernel wants a context as long as the program's; ours reads none of it.
    std::uint64_t context = 0;
    bpf_test_run_opts options{};
    options.sz = sizeof(options);
    options.ctx_in = &context;
    options.ctx_size_in = sizeof(context);
    if (::bpf_prog_test_run_opts(program_fd, &options) != 0) {
      return fail_errno(ErrorCode::MapOperationFailed,
                        "ask the kernel for the names of its addresses");
    }
    for (std::size_t i = 0; i < count; ++i) {
      const char* const name = exchange.names[i];
      names.emplace_back(name, ::strnlen(name, SONDE_KSYM_LENGTH));
    }
    addresses = addresses.subspan(count);
  }
  return names;
}

}  // namespace sonde::core
