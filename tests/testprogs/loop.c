/* `loop N [CPU]` calls getppid() N times, on one CPU if it is given, and prints the nanoseconds
 * that a call took. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "burn.h"

int main(int argc, char** argv) {
  long count = argc > 1 ? atol(argv[1]) : 1000000;
  int64_t begin;
  cpu_set_t cpu;

  if (argc > 2) {
    CPU_ZERO(&cpu);
    CPU_SET((size_t)atoi(argv[2]), &cpu);
    if (sched_setaffinity(0, sizeof(cpu), &cpu)) return 1;
  }
  begin = cpu_ns(CLOCK_MONOTONIC);
  for (long i = 0; i < count; i++)
    syscall(SYS_getppid);
  printf("%.2f\n", (double)(cpu_ns(CLOCK_MONOTONIC) - begin) / (double)count);
  return 0;
}
