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

std::vector<std::string_view> unwind_method_names() {
  return names_of_choices(kMethods);
}

}  // namespace sonde::config
