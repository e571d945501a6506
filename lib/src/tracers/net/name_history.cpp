#include "tracers/net/name_history.hpp"

#include "dns/explanation.hpp"
#include "net/address.hpp"

namespace sonde::tracers {
namespace {

// RFC 1035, RFC 3596.
constexpr std::uint16_t kA = 1;
constexpr std::uint16_t kAaaa = 28;

}  // namespace

void NameHistory::add(const dns::Lookup& lookup) {
  if (has_failed(lookup)) {
    if (lookup.client.pid == 0) return;
    if (failures_.size() >= kMost && !failures_.contains(lookup.client.pid)) return;
    failures_[lookup.client.pid] = {
        lookup.time_ns + lookup.waited_ns,
        dns::explanation(lookup, net::address_text(lookup.endpoints.server_address))};
    return;
  }
  if (!lookup.response || !lookup.question) return;
  for (const dns::Record& record : lookup.response->answers) {
    if (record.type != kA && record.type != kAaaa) continue;
    if (names_.size() >= kMost && !names_.contains(record.content)) continue;
    names_[record.content] = lookup.question->name;
  }
}

std::string NameHistory::name_of(const std::string& address) const {
  const auto found = names_.find(address);
  return found == names_.end() ? std::string() : found->second;
}

const NameHistory::Failure* NameHistory::failure_before(std::uint32_t pid,
                                                        std::uint64_t time_ns) const {
  const auto found = failures_.find(pid);
  if (found == failures_.end()) return nullptr;
  const std::uint64_t failed_ns = found->second.time_ns;
  return failed_ns <= time_ns && time_ns - failed_ns <= kRecentNs ? &found->second : nullptr;
}

}  // namespace sonde::tracers
