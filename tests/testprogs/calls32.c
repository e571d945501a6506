/* Makes calls through int $0x80, which enters the kernel as a 32-bit program does, and beside them
 * native calls of the same numbers: 20 is getpid there and writev here, 39 is mkdir there and
 * getpid here. `calls32 N`: N of each. Needs no 32-bit libc. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel takes only the lower halves of the arguments: built so that statics are there. */
static char path[] = "/no/such/folder";

static long call32(long number, long first, long second) {
  long result;

  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "a"(number), "b"(first), "c"(second)
                   : "memory", "r8", "r9", "r10", "r11");
  return (int)result;
}

int main(int argc, char** argv) {
  long count = argc > 1 ? atol(argv[1]) : 1;

  for (long i = 0; i < count; i++) {
    if (call32(20, 0, 0) != getpid()) return 1;
    if (call32(39, (long)path, 0755) != -2) return 1;
    if (syscall(SYS_writev, 1, NULL, 0)) return 1;
  }
  printf("{\"pid\": %d, \"count\": %ld}\n", getpid(), count);
  return 0;
}
