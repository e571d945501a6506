#include <boost/test/unit_test.hpp>
#include <cstring>
#include <map>
#include <vector>

#include "stack_event.h"
#include "unwind/frame_unwinder.hpp"

using namespace sonde::unwind;

namespace {

using Frames = std::vector<std::uint64_t>;
using Kind = CodeRule::Kind;

constexpr std::uint64_t kStack = 0x7ffc00000000;
constexpr std::size_t kRsp = 7;
constexpr std::size_t kRbp = 6;
constexpr std::size_t kRip = 16;

constexpr std::uint32_t rsp_plus(std::uint32_t bytes, std::uint32_t saved = UNWIND_RBP_SAME) {
  return bytes / 8 << UNWIND_CFA_SHIFT | saved;
}
constexpr std::uint32_t rbp_plus(std::uint32_t bytes, std::uint32_t saved = UNWIND_RBP_SAME) {
  return UNWIND_RULE_RBP | rsp_plus(bytes, saved);
}
constexpr std::uint32_t code(std::uint32_t number) {
  return UNWIND_RULE_SPECIAL | number;
}

// A stack of words from kStack on, and code by address.
struct Process {
  Registers registers{};
  std::vector<std::uint64_t> stack;
  std::map<std::uint64_t, CodeRule> rules;  // holds from its address to the next
  std::vector<unwind_dictionary_entry> dictionary;

  Process() { registers[kRsp] = kStack; }
  void rule(std::uint64_t address, std::uint32_t value) { rules[address] = {Kind::rule, value, 0}; }
  UnwoundStack unwind() const {
    return FrameUnwinder(registers, std::as_bytes(std::span(stack)), dictionary,
                         [this](std::uint64_t address) {
                           const auto after = rules.upper_bound(address);
                           return after == rules.begin() ? CodeRule{} : std::prev(after)->second;
                         })
        .unwind();
  }
};

}  // namespace

// Frames of fixed size, with rbp saved in one of them and used as the base of its caller.
BOOST_AUTO_TEST_CASE(plain_rules) {
  Process p;
  p.registers[kRip] = 0x1010;
  p.rule(0x1000, rsp_plus(24, 1));  // rbp at CFA - 16
  p.rule(0x2000, rbp_plus(16));
  p.rule(0x3000, code(UNWIND_CODE_END));
  p.stack = {0, kStack + 48, 0x2020, 0, 0, 0, 0, 0x3030};
  const auto unwound = p.unwind();
  BOOST_TEST(unwound.frames == (Frames{0x1010, 0x2020, 0x3030}));
  BOOST_TEST(unwound.stop == 0u);
}

// A return address belongs to the call before it: the next function's rule does not count.
BOOST_AUTO_TEST_CASE(return_addresses_look_back) {
  Process p;
  p.registers[kRip] = 0x1000;
  p.rule(0x1000, rsp_plus(8));
  p.rule(0x2000, code(UNWIND_CODE_END));
  p.rule(0x3000, rsp_plus(800));
  p.stack = {0x3000};
  BOOST_TEST(p.unwind().frames == (Frames{0x1000, 0x3000}));
  BOOST_TEST(p.unwind().stop == 0u);
}

// Through a signal frame the interrupted instruction is looked up itself.
BOOST_AUTO_TEST_CASE(signal_frame) {
  Process p;
  p.registers[kRip] = 0x1000;
  p.rule(0x1000, rsp_plus(8));
  p.rule(0x2000, code(UNWIND_CODE_SIGNAL));
  p.rule(0x3000, rsp_plus(8));
  p.rule(0x4000, code(UNWIND_CODE_END));
  p.stack.assign(40, 0);
  p.stack[0] = 0x2001;
  p.stack[1 + 120 / 8] = 0xb0b;
  p.stack[1 + 160 / 8] = kStack + 30 * 8;
  p.stack[1 + 168 / 8] = 0x3000;
  p.stack[30] = 0x4004;
  BOOST_TEST(p.unwind().frames == (Frames{0x1000, 0x2001, 0x3000, 0x4004}));
}

// A PLT stub has pushed a word from its n-th byte on.
BOOST_AUTO_TEST_CASE(plt) {
  Process p;
  p.rule(0x1000, code(UNWIND_CODE_PLT + 11));
  p.rule(0x2000, code(UNWIND_CODE_END));
  p.stack = {0x2002, 0x2003};
  p.registers[kRip] = 0x100a;
  BOOST_TEST(p.unwind().frames == (Frames{0x100a, 0x2002}));
  p.registers[kRip] = 0x100b;
  BOOST_TEST(p.unwind().frames == (Frames{0x100b, 0x2003}));
}

// A dynamically realigned frame: CFA = *(rbp - 8), rbp at rbp.
BOOST_AUTO_TEST_CASE(dictionary) {
  Process p;
  p.registers[kRip] = 0x1000;
  p.registers[kRbp] = kStack + 16;
  p.rule(0x1000, code(UNWIND_CODE_DICTIONARY));
  p.rule(0x2000, rbp_plus(16));
  p.rule(0x3000, code(UNWIND_CODE_END));
  p.dictionary.push_back({-8, 0, 0, -8, kRbp, 1, UNWIND_SAVED_AT_RBP, UNWIND_SAVED_AT_CFA});
  p.stack = {0, kStack + 40, kStack + 48, 0, 0x2002, 0, 0, 0x3003};
  BOOST_TEST(p.unwind().frames == (Frames{0x1000, 0x2002, 0x3003}));
}

// Registers other than rsp and rbp are known in the innermost frame only.
BOOST_AUTO_TEST_CASE(other_registers) {
  Process p;
  p.registers[kRip] = 0x1000;
  p.registers[3] = kStack + 16;
  p.registers[5] = 0x2002;
  p.rule(0x1000, code(UNWIND_CODE_DICTIONARY));
  p.rule(0x2000, code(UNWIND_CODE_DICTIONARY));
  p.dictionary.push_back({0, 0, 0, 5, 3, 0, UNWIND_SAVED_SAME, UNWIND_SAVED_IN});
  p.stack = {0, 0, 0, 0};
  const auto unwound = p.unwind();
  BOOST_TEST(unwound.frames == (Frames{0x1000, 0x2002}));
  BOOST_TEST(unwound.stop == SONDE_STACK_USER_LOST_REGISTER);
}

// Frame pointers lead through code without rules and back to code with them. An rbp of 0 ends it.
BOOST_AUTO_TEST_CASE(frame_pointers) {
  Process p;
  p.registers[kRip] = 0x1000;
  p.registers[kRbp] = kStack;
  p.rules[0x1000] = {Kind::anonymous, 0, 0};
  p.rule(0x2000, rsp_plus(16));
  p.rules[0x3000] = {Kind::anonymous, 0, 0};
  p.stack = {kStack + 32, 0x2002, 0, 0x3003, 0, 0x3009};
  const auto unwound = p.unwind();
  BOOST_TEST(unwound.frames == (Frames{0x1000, 0x2002, 0x3003, 0x3009}));
  BOOST_TEST(unwound.stop == 0u);
}

// Each way to end early is told.
BOOST_AUTO_TEST_CASE(reasons) {
  Process p;
  p.registers[kRip] = 0x1000;
  p.rule(0x1000, rsp_plus(8));
  BOOST_TEST(p.unwind().stop == SONDE_STACK_USER_FAILED);

  p.stack = {0x5000};
  p.rules[0x2000] = {};
  BOOST_TEST(p.unwind().stop == SONDE_STACK_USER_NO_MAPPING);
  BOOST_TEST(p.unwind().frames == (Frames{0x1000}));

  p.rule(0x5000 - 1, code(UNWIND_CODE_NO_CFI));
  BOOST_TEST(p.unwind().stop == SONDE_STACK_USER_NO_CFI);

  // A CFA that does not move would never end.
  p.rule(0x5000 - 1, rsp_plus(0));
  BOOST_TEST(p.unwind().stop == SONDE_STACK_USER_NO_CFI);

  p.stack.assign(2000, 0x1008);
  const auto endless = p.unwind();
  BOOST_TEST(endless.stop == SONDE_STACK_USER_DEPTH);
  BOOST_TEST(endless.frames.size() == std::size_t{SONDE_MAX_UNWOUND_FRAMES});
}

// File frames carry the file's number, wherever the file is mapped.
BOOST_AUTO_TEST_CASE(frames_in_files) {
  Process p;
  const std::uint64_t file = SONDE_FRAME_IN_FILE | std::uint64_t{3} << SONDE_FRAME_FILE_SHIFT;
  p.registers[kRip] = 0x7f0000001010;
  p.rules[0x7f0000001000] = {Kind::rule, code(UNWIND_CODE_END), file + 0x400 - 0x7f0000001000};
  BOOST_TEST(p.unwind().frames == (Frames{file | 0x410}));
}
