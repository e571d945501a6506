// Any registers, any stack, any rules: the unwinder ends, within its limit, and says why.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "expect.hpp"
#include "unwind/frame_unwinder.hpp"

namespace {

using namespace sonde::unwind;

// Hands out the input piece by piece; zeros when it is used up.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : left_(std::as_bytes(std::span(data, size))) {}
  template <class T>
  T take() {
    T value{};
    const std::size_t length = std::min(sizeof(value), left_.size());
    if (length != 0) std::memcpy(&value, left_.data(), length);
    left_ = left_.subspan(length);
    return value;
  }
  std::span<const std::byte> rest() const { return left_; }

 private:
  std::span<const std::byte> left_;
};

constexpr std::size_t kDictionary = 4;
constexpr std::size_t kRules = 16;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  Registers registers{};
  for (std::uint64_t& value : registers)
    value = input.take<std::uint64_t>();
  std::vector<unwind_dictionary_entry> dictionary(kDictionary);
  for (unwind_dictionary_entry& entry : dictionary)
    entry = input.take<unwind_dictionary_entry>();
  std::vector<CodeRule> rules(kRules);
  for (CodeRule& rule : rules) {
    const auto bits = input.take<std::uint32_t>();
    rule.kind = static_cast<CodeRule::Kind>(bits >> 30);
    rule.rule = bits & UNWIND_RULE_MASK;
    rule.frame_delta = bits >> 20;
  }
  std::size_t asked = 0;
  const UnwoundStack stack =
      FrameUnwinder(registers, input.rest(), dictionary, [&](std::uint64_t address) {
        ++asked;
        return rules[address % kRules];
      }).unwind();
  EXPECT(stack.frames.size() <= SONDE_MAX_UNWOUND_FRAMES);
  EXPECT(asked <= SONDE_MAX_UNWOUND_FRAMES);
  EXPECT(stack.stop != SONDE_STACK_USER_DEPTH || stack.frames.size() == SONDE_MAX_UNWOUND_FRAMES);
  return 0;
}
