#include "core/drop_reasons.hpp"

#include <bpf/libbpf.h>
#include <dirent.h>
#include <fmt/format.h>

#include <cerrno>
#include <memory>
#include <string_view>
#include <utility>

#include "core/libbpf_log.hpp"
#include "util/fail.hpp"

namespace sonde::core {
namespace {

constexpr const char* kModuleFolder = "/sys/kernel/btf";
// SKB_DROP_REASON_SUBSYS_SHIFT in include/net/dropreason.h.
constexpr unsigned kSubsystemShift = 16;

std::string_view without_prefix(std::string_view name) {
  for (const std::string_view prefix : {"SKB_DROP_REASON_SUBSYS_", "SKB_DROP_REASON_", "SKB_"}) {
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  }
  return name;
}

// Members of an enumeration by number.
std::map<std::uint32_t, std::string> members(const btf* types, std::uint32_t type_id) {
  std::map<std::uint32_t, std::string> all;
  const btf_type* const type = ::btf__type_by_id(types, type_id);
  const struct btf_enum* const values = ::btf_enum(type);
  for (unsigned i = 0; i < ::btf_vlen(type); ++i) {
    const char* const name = ::btf__name_by_offset(types, values[i].name_off);
    all.emplace(static_cast<std::uint32_t>(values[i].val), without_prefix(name));
  }
  return all;
}

std::map<std::uint32_t, std::string> members(const btf* types, const char* name) {
  const int id = ::btf__find_by_name_kind(types, name, BTF_KIND_ENUM);
  if (id < 0) return {};
  return members(types, static_cast<std::uint32_t>(id));
}

struct FolderDeleter {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

}  // namespace

DropReasons::DropReasons(UniqueBtf kernel, std::vector<UniqueBtf> modules)
    : kernel_(std::move(kernel)) {
  names_ = members(kernel_.get(), "skb_drop_reason");
  subsystems_ = members(kernel_.get(), "skb_drop_reason_subsys");
  constexpr unsigned kWithReceiver = 4;  // packet, location, reason, receiver
  tells_receiver_ = tracepoint_arguments(kernel_.get(), "kfree_skb").value_or(0) >= kWithReceiver;
  for (const UniqueBtf& module : modules) {
    add_module_reasons(module.get(), ::btf__type_cnt(kernel_.get()));
    modules_known_ = true;
  }
}

Result<DropReasons> DropReasons::of_this_kernel() {
  const LibbpfLog quiet;
  UniqueBtf kernel = load_kernel_btf();
  if (kernel == nullptr) {
    return fail_errno(ErrorCode::MapOperationFailed, "read the kernel's type information", errno,
                      "Boot a kernel with CONFIG_DEBUG_INFO_BTF=y");
  }
  return DropReasons(std::move(kernel));
}

// A subsystem's reasons are an enumeration of its module, with the subsystem's number in the upper
// half of each.
void DropReasons::add_module_reasons(const btf* module, std::uint32_t first_type) {
  for (std::uint32_t id = first_type; id < ::btf__type_cnt(module); ++id) {
    const btf_type* const type = ::btf__type_by_id(module, id);
    if (!::btf_is_enum(type)) continue;
    const std::string_view name = ::btf__name_by_offset(module, type->name_off);
    if (name.find("drop_reason") == std::string_view::npos) continue;
    for (auto& [number, member] : members(module, id)) {
      if (number >> kSubsystemShift != 0) names_.emplace(number, member);
    }
  }
}

void DropReasons::load_modules() {
  if (std::exchange(modules_known_, true)) return;
  add_module_reasons(kernel_.get(), 1);  // those that are built in
  const LibbpfLog quiet;
  const std::unique_ptr<DIR, FolderDeleter> folder(::opendir(kModuleFolder));
  if (folder == nullptr) return;
  while (const dirent* const entry = ::readdir(folder.get())) {
    const std::string name = entry->d_name;
    if (name == "vmlinux" || name.starts_with('.')) continue;
    const UniqueBtf module(::btf__load_module_btf(name.c_str(), kernel_.get()));
    if (module != nullptr) add_module_reasons(module.get(), ::btf__type_cnt(kernel_.get()));
  }
}

std::string DropReasons::name(std::uint32_t reason) {
  const std::uint32_t subsystem = reason >> kSubsystemShift;
  if (subsystem != 0) load_modules();
  if (const auto found = names_.find(reason); found != names_.end()) return found->second;
  const auto owner = subsystems_.find(subsystem);
  if (subsystem != 0 && owner != subsystems_.end()) {
    return fmt::format("{}_{}", owner->second, reason & ((1u << kSubsystemShift) - 1));
  }
  return fmt::format("REASON_{}", reason);
}

std::optional<std::uint32_t> DropReasons::number(const std::string& name) const {
  for (const auto& [number, known] : names_) {
    if (known == name) return number;
  }
  return {};
}

}  // namespace sonde::core
