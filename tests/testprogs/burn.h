/* Work that only the CPU does, so that its time can be compared with samples. */
#ifndef SONDE_TESTS_BURN_H
#define SONDE_TESTS_BURN_H

#include <stdint.h>
#include <time.h>

#define NOT_INLINED __attribute__((noinline))

/* GCC gives no frame to a function that calls nothing, whatever it is told, and its caller would be
 * missing in stacks. So everything that burns calls this. */
static NOT_INLINED void burned(void) {
  __asm__ volatile("");
}

static volatile uint64_t burn_sink;

static inline void burn(uint64_t rounds) {
  uint64_t x = burn_sink | 1;

  for (uint64_t i = 0; i < rounds; i++)
    x = x * 6364136223846793005u + 1442695040888963407u;
  burn_sink = x;
  burned();
}

static inline int64_t cpu_ns(clockid_t clock) {
  struct timespec now;

  clock_gettime(clock, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

#endif
