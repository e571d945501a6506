// Stays in a function whose name is not readable before it is demangled.
#include <unistd.h>

#include <cstdio>
#include <vector>

namespace orbit {

template <class Body>
struct Station {
  [[gnu::noinline]] void observe(const std::vector<Body>& bodies) {
    for (;;)
      seen = seen + bodies.size();
  }
  volatile std::size_t seen = 0;
};

}  // namespace orbit

int main() {
  std::printf("ready %d\n", ::getpid());
  std::fflush(stdout);
  orbit::Station<int>().observe({1, 2, 3});
}
