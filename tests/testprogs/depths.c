/* Burns CPU for `depths SECONDS` in stacks of 100 frames that are hardly ever the same twice: each
 * frame calls from one of two places. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "burn.h"

static volatile uint64_t left, right;

static NOT_INLINED void descend(int depth, uint64_t turns) {
  if (depth == 0) {
    burn(100000);
  } else if (turns & 1) {
    descend(depth - 1, turns >> 1 | turns << 63);
    left++;
  } else {
    descend(depth - 1, turns >> 1 | turns << 63);
    right++;
  }
}

int main(int argc, char** argv) {
  int64_t seconds = argc > 1 ? atol(argv[1]) : 1;
  int64_t end = cpu_ns(CLOCK_MONOTONIC) + seconds * 1000000000;
  uint64_t turns = 88172645463325252u;

  printf("ready %d\n", getpid());
  fflush(stdout);
  while (cpu_ns(CLOCK_MONOTONIC) < end) {
    turns = turns * 6364136223846793005u + 1442695040888963407u;
    descend(100, turns ^ turns >> 29);
  }
  return 0;
}
