/* `loop N [CPU]` calls getppid() N times, on one CPU if it is given, and prints the nanoseconds
 * that a call took: the median of pieces, since in some of them another program has the CPU. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "burn.h"

#define PIECES 101

static int in_order(const void* left, const void* right) {
  int64_t a = *(const int64_t*)left, b = *(const int64_t*)right;

  return (a > b) - (a < b);
}

int main(int argc, char** argv) {
  long count = argc > 1 ? atol(argv[1]) : 1000000;
  int64_t begin, pieces[PIECES];
  cpu_set_t cpu;

  if (argc > 2) {
    CPU_ZERO(&cpu);
    CPU_SET((size_t)atoi(argv[2]), &cpu);
    if (sched_setaffinity(0, sizeof(cpu), &cpu)) return 1;
  }
  for (int piece = 0; piece < PIECES; piece++) {
    begin = cpu_ns(CLOCK_MONOTONIC);
    for (long i = 0; i < count / PIECES; i++)
      syscall(SYS_getppid);
    pieces[piece] = cpu_ns(CLOCK_MONOTONIC) - begin;
  }
  qsort(pieces, PIECES, sizeof(pieces[0]), in_order);
  printf("%.2f\n", (double)pieces[PIECES / 2] * PIECES / (double)count);
  return 0;
}
