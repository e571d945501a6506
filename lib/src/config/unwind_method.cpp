#include "config/unwind_method.hpp"

#include "config/choice.hpp"

namespace sonde::config {
namespace {

constexpr Choices<UnwindMethod, 4> kMethods = {{{"auto", UnwindMethod::automatic},
                                                {"cfi", UnwindMethod::cfi},
                                                {"fp", UnwindMethod::frame_pointers},
                                                {"none", UnwindMethod::none}}};

}  // namespace

std::string_view to_string(UnwindMethod method) noexcept {
  return name_of_choice(kMethods, method);
}

Result<UnwindMethod> parse_unwind_method(std::string_view name) {
  return parse_choice(kMethods, "method", name);
}

}  // namespace sonde::config
