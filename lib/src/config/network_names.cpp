#include "config/network_names.hpp"

#include "config/choice.hpp"

namespace sonde::config {
namespace {

constexpr Choices<NetworkGroup, 5> kGroups = {{{"connection", NetworkGroup::connection},
                                               {"process", NetworkGroup::process},
                                               {"remote", NetworkGroup::remote},
                                               {"port", NetworkGroup::port},
                                               {"cgroup", NetworkGroup::cgroup}}};
constexpr Choices<int, 3> kProtocols = {{{"tcp", 0}, {"udp", 1}, {"unix", 2}}};
constexpr Choices<std::string_view, 5> kFamilies = {
    {{"ipv4", "ipv4"}, {"ipv6", "ipv6"}, {"unix", "unix"}, {"4", "ipv4"}, {"6", "ipv6"}}};

}  // namespace

std::string_view to_string(NetworkGroup group) noexcept {
  return name_of_choice(kGroups, group);
}

Result<NetworkGroup> parse_network_group(std::string_view name) {
  return parse_choice(kGroups, "grouping", name);
}

std::vector<std::string_view> network_group_names() {
  return names_of_choices(kGroups);
}

Result<void> check_network_protocol(std::string_view name) {
  if (const auto parsed = parse_choice(kProtocols, "protocol", name); !parsed)
    return tl::unexpected(parsed.error());
  return {};
}

Result<std::string_view> network_family(std::string_view name) {
  return parse_choice(kFamilies, "family", name);
}

}  // namespace sonde::config
