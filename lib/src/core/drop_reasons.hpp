// Why the kernel dropped a packet, in the words of its own type information: the numbers differ
// from one kernel to the next.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sonde/error.hpp>
#include "core/kernel_btf.hpp"

namespace sonde::core {

class DropReasons {
 public:
  /// Of the running kernel. MapOperationFailed if its type information cannot be read.
  static Result<DropReasons> of_this_kernel();
  /// Of `kernel` and the modules that are laid over it: for tests.
  explicit DropReasons(UniqueBtf kernel, std::vector<UniqueBtf> modules = {});

  /// "NO_SOCKET", "NETFILTER_DROP"; those of mac80211 and the like as the module calls them
  /// ("RX_DROP_U_REPLAY"), or by the subsystem and number ("MAC80211_UNUSABLE_7") if it cannot be
  /// asked; "REASON_999" for one without a name. Modules are asked when one of theirs is met.
  std::string name(std::uint32_t reason);
  /// By the end of its name, such as "CONSUMED"; nothing if this kernel has none.
  std::optional<std::uint32_t> number(const std::string& name) const;
  /// The tracepoint also tells the socket that a packet was on its way to.
  bool tells_receiver() const noexcept { return tells_receiver_; }

 private:
  void load_modules();
  void add_module_reasons(const btf* module, std::uint32_t first_type);

  UniqueBtf kernel_;
  bool modules_known_ = false;
  bool tells_receiver_ = false;
  std::map<std::uint32_t, std::string> names_;
  std::map<std::uint32_t, std::string> subsystems_;
};

}  // namespace sonde::core
