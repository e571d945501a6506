/* Allocates and frees many blocks of four sizes, from functions of known names, and says how much:
 * "NAME calls bytes" for each, then "end". */
#include <stdio.h>
#include <stdlib.h>

#define SITE(name, size, count)                                        \
  __attribute__((noinline)) static void name(void) {                   \
    for (int i = 0; i < (count); i++) {                                \
      void* volatile memory = malloc(size);                            \
                                                                       \
      free(memory);                                                    \
    }                                                                  \
    printf(#name " %d %lu\n", count, (unsigned long)(size) * (count)); \
  }

SITE(of_512, 512, 1 << 19)
SITE(of_8k, 8192, 1 << 17)
SITE(of_100k, 102400, 10000)
SITE(of_1m, 1 << 20, 1024)

int main(void) {
  of_512();
  of_8k();
  of_100k();
  of_1m();
  puts("end");
  return 0;
}
