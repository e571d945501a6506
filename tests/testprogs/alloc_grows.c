/* For so many seconds: leaks a little all the time, and fills a cache of 1000 blocks in the first
 * second. Says "NAME calls bytes" of both at its end. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CACHE 1000

static void* volatile cache[CACHE];
static void* volatile leaked;

__attribute__((noinline)) static void leak(void) {
  leaked = malloc(10000);
}

__attribute__((noinline)) static void fill(int slot) {
  free(cache[slot]);
  cache[slot] = malloc(5000);
}

int main(int count, char** words) {
  const struct timespec pause = {0, 10000000};
  int rounds = 100 * (count > 1 ? atoi(words[1]) : 5);

  for (int i = 0; i < rounds; i++) {
    leak();
    for (int j = 0; j < 10; j++)
      fill((10 * i + j) % CACHE);
    nanosleep(&pause, NULL);
  }
  printf("leak %d %d\nfill %d %d\n", rounds, rounds * 10000, 10 * rounds, 10 * rounds * 5000);
  return 0;
}
