// Unwinds a stack that the kernel copied, by the same rules and with the same result as
// bpf/include/unwind.bpf.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "unwind_event.h"

namespace sonde::unwind {

/// By DWARF number.
using Registers = std::array<std::uint64_t, SONDE_DUMP_REGISTERS>;

/// What is known of the code at an address.
struct CodeRule {
  enum class Kind { no_mapping, no_table, anonymous, rule };
  Kind kind = Kind::no_mapping;
  std::uint32_t rule = 0;         // Kind::rule
  std::uint64_t frame_delta = 0;  // frame - address
};

struct UnwoundStack {
  std::vector<std::uint64_t> frames;  // leaf first; unwind_event.h
  std::uint32_t stop = 0;             // SONDE_STACK_*
};

class FrameUnwinder {
 public:
  using FindRule = std::function<CodeRule(std::uint64_t address)>;

  /// `stack` is the memory from the stack pointer on; `dictionary` outlives the unwinder.
  FrameUnwinder(const Registers& registers, std::span<const std::byte> stack,
                std::span<const unwind_dictionary_entry> dictionary, FindRule find_rule);

  UnwoundStack unwind();

 private:
  enum class Step { go_on, stop };

  Step step();
  Step stop(std::uint32_t why);
  Step go_to_caller(std::uint64_t pc, std::uint64_t sp);
  Step return_to(std::uint64_t cfa, std::uint64_t return_at);
  Step follow_frame_pointer(std::uint32_t why);
  Step leave_signal_frame();
  Step apply_rule(std::uint32_t rule);
  Step apply_code(std::uint32_t code);
  Step apply_entry(const unwind_dictionary_entry& entry);
  std::optional<std::uint64_t> base_of(const unwind_dictionary_entry& entry);
  bool load_bp();
  std::optional<std::uint64_t> read(std::uint64_t address) const;
  bool is_leaf() const noexcept { return result_.frames.size() == 1; }

  const Registers registers_;
  std::span<const std::byte> stack_;
  std::span<const unwind_dictionary_entry> dictionary_;
  FindRule find_rule_;

  std::uint64_t pc_;
  std::uint64_t sp_;
  std::uint64_t bp_;
  std::uint64_t bp_at_ = 0;
  bool is_return_ = false;
  std::uint32_t fallback_ = 0;
  UnwoundStack result_;
};

}  // namespace sonde::unwind
