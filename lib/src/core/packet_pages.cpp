#include "core/packet_pages.hpp"

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include <array>

#include "core/kernel_btf.hpp"
#include "util/unique_fd.hpp"

namespace sonde::core {
namespace {

constexpr bpf_insn kLoadPacket = {BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_1, BPF_REG_1, 0, 0};
constexpr bpf_insn kNoFlags = {BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_2, 0, 0, 0};
constexpr bpf_insn kStackPointer = {BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_10, 0, 0};
constexpr bpf_insn kRoomForDynptr = {BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_3, 0, 0, -16};
constexpr bpf_insn kReturnZero = {BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0};
constexpr bpf_insn kExit = {BPF_JMP | BPF_EXIT, 0, 0, 0, 0};

}  // namespace

bool can_read_packet_pages() noexcept {
  const UniqueBtf kernel = load_kernel_btf();
  if (kernel == nullptr) return false;
  const int function = ::btf__find_by_name_kind(kernel.get(), "bpf_dynptr_from_skb", BTF_KIND_FUNC);
  const int hook =
      ::btf__find_by_name_kind(kernel.get(), "btf_trace_net_dev_queue", BTF_KIND_TYPEDEF);
  if (function < 0 || hook < 0) return false;
  const bpf_insn call = {BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, function};
  const std::array program = {kLoadPacket, kNoFlags,    kStackPointer, kRoomForDynptr,
                              call,        kReturnZero, kExit};
  bpf_prog_load_opts options{};
  options.sz = sizeof(options);
  options.expected_attach_type = BPF_TRACE_RAW_TP;
  options.attach_btf_id = static_cast<__u32>(hook);
  const UniqueFd loaded(::bpf_prog_load(BPF_PROG_TYPE_TRACING, nullptr, "GPL", program.data(),
                                        program.size(), &options));
  return static_cast<bool>(loaded);
}

}  // namespace sonde::core
