#include "config/json_kinds.hpp"

#include <limits>
#include <utility>

#include "config/syscall_names.hpp"
#include "util/duration.hpp"

namespace sonde::config {
namespace {

constexpr Range kPid{1, std::numeric_limits<int>::max()};

}  // namespace

Result<std::vector<std::string>> Texts::read(const JsonSetting& setting) {
  auto elements = setting.elements();
  if (!elements) return tl::unexpected(std::move(elements.error()));
  std::vector<std::string> all;
  for (const JsonSetting& element : *elements) {
    auto text = element.string();
    if (!text) return tl::unexpected(std::move(text.error()));
    if (text->empty()) return element.fail("is empty");
    all.push_back(std::move(*text));
  }
  return all;
}

OrderedJson Texts::schema() {
  return {{"type", "array"}, {"items", {{"type", "string"}, {"minLength", 1}}}};
}

OrderedJson Duration::write(std::chrono::nanoseconds value) {
  return format_duration(value);
}

OrderedJson Duration::schema() {
  return {{"anyOf",
           {{{"type", "string"}, {"pattern", "^[0-9]*\\.?[0-9]+(ns|us|ms|s|m|h)?$"}},
            {{"description", "Seconds."},
             {"type", "number"},
             {"minimum", kSeconds.least},
             {"maximum", kSeconds.most}},
            {{"type", "object"},
             {"additionalProperties", false},
             {"properties",
              {{"secs", Integer<kSeconds>::schema()}, {"nanos", Integer<kNanos>::schema()}}}}}}};
}

Result<std::vector<int>> ProcessIds::read(const JsonSetting& setting) {
  auto elements = setting.elements();
  if (!elements) return tl::unexpected(std::move(elements.error()));
  std::vector<int> pids;
  for (const JsonSetting& element : *elements) {
    const auto pid = element.integer(kPid);
    if (!pid) return tl::unexpected(pid.error());
    pids.push_back(static_cast<int>(*pid));
  }
  return pids;
}

OrderedJson ProcessIds::schema() {
  return {{"type", "array"}, {"items", Integer<kPid>::schema()}};
}

Result<std::vector<std::uint16_t>> Ports::read(const JsonSetting& setting) {
  auto elements = setting.elements();
  if (!elements) return tl::unexpected(std::move(elements.error()));
  std::vector<std::uint16_t> ports;
  for (const JsonSetting& element : *elements) {
    const auto port = element.integer(kPort);
    if (!port) return tl::unexpected(port.error());
    ports.push_back(static_cast<std::uint16_t>(*port));
  }
  return ports;
}

OrderedJson Ports::schema() {
  return {{"type", "array"}, {"items", Integer<kPort>::schema()}};
}

Result<std::vector<SyscallGroup>> SyscallGroups::read(const JsonSetting& setting) {
  auto elements = setting.elements();
  if (!elements) return tl::unexpected(std::move(elements.error()));
  std::vector<SyscallGroup> groups;
  for (const JsonSetting& element : *elements) {
    const auto name = element.string();
    if (!name) return tl::unexpected(name.error());
    if (auto added = add_syscall_group(*name, groups); !added) {
      return element.fail(added.error().what, added.error().hint);
    }
  }
  return groups;
}

OrderedJson SyscallGroups::write(const std::vector<SyscallGroup>& groups) {
  OrderedJson names = OrderedJson::array();
  for (const SyscallGroup each : groups)
    names.push_back(to_string(each));
  return names;
}

OrderedJson SyscallGroups::schema() {
  return {{"type", "array"}, {"items", {{"enum", syscall_group_names()}}}};
}

}  // namespace sonde::config
