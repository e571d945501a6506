// Virtual calls and exceptions, built without frame pointers, until it is killed.
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <vector>

namespace {

volatile unsigned long sink;

[[gnu::noinline]] void work(unsigned rounds) {
  for (unsigned i = 0; i < rounds * 1000; i++)
    sink = sink + i;
}

struct Shape {
  virtual ~Shape() = default;
  virtual int area(int depth) = 0;
};

struct Square final : Shape {
  [[gnu::noinline]] int area(int depth) override {
    work(20);
    if (depth % 8 == 7) throw std::runtime_error("no such square");
    sink = sink + 1;
    return depth;
  }
};

struct Nested final : Shape {
  std::unique_ptr<Shape> inner;
  explicit Nested(std::unique_ptr<Shape> shape) : inner(std::move(shape)) {}
  [[gnu::noinline]] int area(int depth) override {
    std::vector<int> numbers(static_cast<std::size_t>(depth) + 1);
    const int result = inner->area(depth) + numbers[0];
    sink = sink + static_cast<unsigned long>(result);
    return result;
  }
};

[[gnu::noinline]] int measure(Shape& shape, int depth) {
  try {
    return shape.area(depth);
  } catch (const std::exception& error) {
    sink = sink + static_cast<unsigned long>(error.what()[0]);
    return -1;
  }
}

}  // namespace

int main() {
  std::unique_ptr<Shape> shape = std::make_unique<Square>();
  for (int i = 0; i < 10; i++)
    shape = std::make_unique<Nested>(std::move(shape));
  std::puts("ready");
  std::fflush(stdout);
  for (int i = 0;; i = (i + 1) % 1000)
    sink = sink + static_cast<unsigned long>(measure(*shape, i));
}
