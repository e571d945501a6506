/* `callers A B` calls getppid() A times from one function and B times from another, and close(-1)
 * as often from a third as from both. The calls are in the functions themselves: libc's syscall()
 * has no frame, so its caller would be missing in stacks. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "burn.h"

static inline long call(long number, long first) {
  long result;

  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(first) : "rcx", "r11", "memory");
  return result;
}

NOT_INLINED void call_often(long count) {
  for (long i = 0; i < count; i++)
    call(SYS_getppid, 0);
  burned();
}

NOT_INLINED void call_seldom(long count) {
  for (long i = 0; i < count; i++)
    call(SYS_getppid, 0);
  burned();
}

NOT_INLINED void call_in_vain(long count) {
  for (long i = 0; i < count; i++)
    call(SYS_close, -1);
  burned();
}

int main(int argc, char** argv) {
  long often = argc > 1 ? atol(argv[1]) : 7000, seldom = argc > 2 ? atol(argv[2]) : 3000;

  call_often(often);
  call_seldom(seldom);
  call_in_vain(often + seldom);
  printf("{\"pid\": %d, \"often\": %ld, \"seldom\": %ld}\n", getpid(), often, seldom);
  return 0;
}
