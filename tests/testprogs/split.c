/* Spends 70 % of its CPU time in one function and 30 % in another, until `split SECONDS` of CPU
 * time are used; says when it begins, and in the end what it measured itself. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "burn.h"

static int64_t heavy_ns, light_ns;

NOT_INLINED void burn_heavy(uint64_t rounds) {
  burn(7 * rounds);
}

NOT_INLINED void burn_light(uint64_t rounds) {
  burn(3 * rounds);
}

/* Rounds that take about a tenth of a millisecond. */
static uint64_t calibrate(void) {
  uint64_t rounds = 10000;

  for (;; rounds *= 2) {
    int64_t begin = cpu_ns(CLOCK_THREAD_CPUTIME_ID);

    burn(rounds);
    if (cpu_ns(CLOCK_THREAD_CPUTIME_ID) - begin > 100000) return rounds;
  }
}

static int64_t rusage_ns(void) {
  struct rusage used;

  getrusage(RUSAGE_SELF, &used);
  return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000000LL +
         (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1000LL;
}

int main(int argc, char** argv) {
  int64_t wanted_ns = (int64_t)(1e9 * (argc > 1 ? atof(argv[1]) : 1));
  uint64_t rounds = calibrate();
  int64_t before, between, after;

  printf("ready %d\n", getpid());
  fflush(stdout);
  after = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
  while (heavy_ns + light_ns < wanted_ns) {
    before = after;
    burn_heavy(rounds);
    between = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
    burn_light(rounds);
    after = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
    heavy_ns += between - before;
    light_ns += after - between;
  }
  printf("{\"heavy_ns\": %lld, \"light_ns\": %lld, \"rusage_ns\": %lld}\n", (long long)heavy_ns,
         (long long)light_ns, (long long)rusage_ns());
  return 0;
}
