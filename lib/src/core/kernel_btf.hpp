// The type information of the running kernel.
#pragma once

#include <bpf/btf.h>

#include <memory>
#include <optional>
#include <string>

namespace sonde::core {

struct BtfDeleter {
  void operator()(btf* types) const noexcept { ::btf__free(types); }
};
using UniqueBtf = std::unique_ptr<btf, BtfDeleter>;

/// Null, with errno, if it cannot be read. Parsing it takes milliseconds.
UniqueBtf load_kernel_btf() noexcept;

/// How many arguments the kernel gives a tracepoint such as "kfree_skb"; empty if it has none of
/// that name.
std::optional<unsigned> tracepoint_arguments(const btf* kernel, const std::string& tracepoint);

}  // namespace sonde::core
