// A library with one symbol of each sort that a symbolizer must choose among. Its tests compare
// with nm and objdump.
#define NOT_INLINED __attribute__((noinline, used))

namespace {

volatile int sink;

NOT_INLINED int local_function(int x) {
  sink = x;
  return sink * 3;
}

NOT_INLINED int other_local(int x) {
  sink = x;
  return sink * 5;
}

}  // namespace

namespace shapes {

struct Circle {
  NOT_INLINED int area(int radius, const char* unit);
};

int Circle::area(int radius, const char* unit) {
  sink = radius + (unit != nullptr ? 1 : 0);
  return sink;
}

template <class T>
NOT_INLINED T twice(T value) {
  sink = static_cast<int>(value);
  return value + value;
}

}  // namespace shapes

extern "C" {

int imported_function(int x);

int exported_function(int x) {
  return local_function(x) + other_local(x) + imported_function(x) + shapes::Circle().area(x, "m") +
         shapes::twice(x);
}

int __hidden_style_alias(int x) __attribute__((alias("exported_function")));
int weak_alias(int x) __attribute__((weak, alias("exported_function")));

int imported_function(int x) {
  sink = x;
  return sink;
}
}

// Hand-written assembly without .size, as in C libraries and cryptography.
asm(R"(
.section .text.asm, "ax"
.globl unsized_function
.type unsized_function, @function
unsized_function:
  .fill 64, 1, 0x90
unsized_label:
  .fill 64, 1, 0x90

.section .rodata
data_label:
  .fill 64, 1, 0
  .text
)");
