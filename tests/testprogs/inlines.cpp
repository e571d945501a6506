// Calls that the compiler inlines: nested, of templates, lambdas, static and member functions, and
// in parts that it moved away. With an argument it works for that many rounds, else for ever.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

inline __attribute__((always_inline)) std::uint64_t innermost(std::uint64_t x) {
  // One place where nearly all the time goes, three calls deep in one function.
  for (int i = 0; i < 400; ++i)
    asm volatile("imul $3, %0, %0" : "+r"(x));
  return x;
}

struct Wheel {
  std::uint64_t state = 1;
  inline __attribute__((always_inline)) void turn() { state += innermost(state); }
};

template <class T>
inline __attribute__((always_inline)) std::uint64_t turn_all(std::vector<T>& all) {
  std::uint64_t sum = 0;
  for (T& one : all) {
    one.turn();
    sum += one.state;
  }
  return sum;
}

int checked(const std::string& text) {
  if (text.size() > 100) throw text;
  return static_cast<int>(text.size());
}

}  // namespace

__attribute__((noinline)) std::uint64_t spin_wheels(std::vector<Wheel>& wheels) {
  return turn_all(wheels);
}

__attribute__((noinline)) int sort_texts(std::vector<std::string>& texts) {
  std::sort(texts.begin(), texts.end(), [](const std::string& a, const std::string& b) {
    return std::pair(a.size(), a) < std::pair(b.size(), b);
  });
  try {
    return checked(texts.front());
  } catch (const std::string& text) {
    return static_cast<int>(text.front());
  }
}

int main(int argc, char** argv) {
  const long rounds = argc > 1 ? std::strtol(argv[1], nullptr, 10) : -1;
  std::vector<Wheel> wheels(16);
  std::vector<std::string> texts = {"spoke", "hub", "rim"};
  std::uint64_t sum = static_cast<std::uint64_t>(sort_texts(texts));
  std::puts("ready");
  std::fflush(stdout);
  for (long round = 0; round != rounds; ++round)
    sum += spin_wheels(wheels);
  return sum == 0 ? 1 : 0;
}
