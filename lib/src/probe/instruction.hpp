// One x86-64 instruction, as far as the choice of a probe site needs to know it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace sonde::probe {

/// What the kernel does at a breakpoint: it emulates all but the last kind
/// (branch_setup_xol_ops() and push_setup_xol_ops() in arch/x86/kernel/uprobes.c); for that it
/// executes a copy of the instruction in a single step, at about nine times the cost.
enum class SiteKind { nop, push, jump, branch, call, stepped };

struct Instruction {
  std::uint8_t length = 0;
  SiteKind kind = SiteKind::stepped;
  /// Execution may go on elsewhere than at the next instruction.
  bool leaves = false;
  /// A jump to an address in a register or a table, which may lead to anywhere in the function.
  bool computed_jump = false;
  /// Destination of a direct jump or call.
  std::optional<std::uint64_t> target;
  /// A jump to what this address holds, which the dynamic linker fills in: a call in tail position.
  std::optional<std::uint64_t> slot;
  /// How far it lowers rsp; nothing if it sets rsp in another way.
  std::optional<std::int64_t> stack_growth = 0;
  /// One bit for each of rdi, rsi, rdx, rcx, r8, r9 that it writes to, in whole or in part.
  unsigned arguments_written = 0;
  /// The same for those whose value it uses.
  unsigned arguments_read = 0;
  /// It writes to rax, in whole or in part.
  bool result_written = false;
  /// It returns from the function.
  bool returns = false;
};

/// The instruction at the start of `code`, which lies at `address`. Nothing if it is none.
std::optional<Instruction> decode(std::span<const std::byte> code, std::uint64_t address);

/// In AT&T syntax, as objdump shows it; empty if it is no instruction.
std::string disassemble(std::span<const std::byte> code, std::uint64_t address);

}  // namespace sonde::probe
