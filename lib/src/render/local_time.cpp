#include "render/local_time.hpp"

#include <fmt/format.h>

namespace sonde::render {

void LocalTime::append(std::string& out, std::int64_t nanoseconds) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  std::int64_t second = nanoseconds / kSecond;
  std::int64_t rest = nanoseconds % kSecond;
  if (rest < 0) {
    rest += kSecond;
    --second;
  }
  if (!known_ || second != second_) {
    std::tm local{};
    second_ = static_cast<std::time_t>(second);
    ::localtime_r(&second_, &local);
    text_ = fmt::format("{:02}:{:02}:{:02}.", local.tm_hour, local.tm_min, local.tm_sec);
    known_ = true;
  }
  out += text_;
  char digits[6];
  auto microseconds = static_cast<std::uint32_t>(rest / 1000);
  for (int i = 5; i >= 0; --i) {
    digits[i] = static_cast<char>('0' + microseconds % 10);
    microseconds /= 10;
  }
  out.append(digits, sizeof(digits));
}

}  // namespace sonde::render
