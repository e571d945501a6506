/* Allocates and frees again and again, with about a microsecond of work between, until it is told
 * to end, or for so many seconds of its CPU time. Says "ready", and at the end how often: "spin
 * calls bytes". */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static volatile sig_atomic_t over;

static void end(int signal) {
  (void)signal;
  over = 1;
}

__attribute__((noinline)) static unsigned long spin(double seconds) {
  unsigned long calls = 0;

  while (!over && (seconds <= 0 || clock() < seconds * CLOCKS_PER_SEC)) {
    for (int i = 0; i < 1000; i++) {
      void* volatile memory = malloc(100);

      free(memory);
      for (volatile int j = 0; j < 1000; j++) {
      }
    }
    calls += 1000;
  }
  return calls;
}

int main(int count, char** words) {
  unsigned long calls;

  signal(SIGTERM, end);
  puts("ready");
  fflush(stdout);
  calls = spin(count > 1 ? atof(words[1]) : 0);
  printf("spin %lu %lu\n", calls, calls * 100);
  return 0;
}
