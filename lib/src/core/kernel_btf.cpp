#include "core/kernel_btf.hpp"

namespace sonde::core {

UniqueBtf load_kernel_btf() noexcept {
  return UniqueBtf(::btf__load_vmlinux_btf());
}

std::optional<unsigned> tracepoint_arguments(const btf* kernel, const std::string& tracepoint) {
  const std::string hook = "btf_trace_" + tracepoint;
  const int id = ::btf__find_by_name_kind(kernel, hook.c_str(), BTF_KIND_TYPEDEF);
  if (id < 0) return {};
  const btf_type* type = ::btf__type_by_id(kernel, static_cast<__u32>(id));
  while (type != nullptr && (::btf_is_typedef(type) || ::btf_is_ptr(type)))
    type = ::btf__type_by_id(kernel, type->type);
  if (type == nullptr || !::btf_is_func_proto(type) || ::btf_vlen(type) == 0) return {};
  // The first is the data of who attaches.
  return ::btf_vlen(type) - 1u;
}

}  // namespace sonde::core
