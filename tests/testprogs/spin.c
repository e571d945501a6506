/* Stays in one function for ever: `spin`, or with threads of their own names: `spin THREADS`. The
 * name of that function is known to nm; so is where it lies. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "burn.h"

NOT_INLINED void spin_here(void) {
  for (;;)
    burn(1000);
}

static void* named_thread(void* number) {
  char name[16];

  snprintf(name, sizeof(name), "spin-%d", (int)(intptr_t)number);
  pthread_setname_np(pthread_self(), name);
  printf("%ld %s\n", (long)syscall(SYS_gettid), name);
  fflush(stdout);
  spin_here();
  return NULL;
}

int main(int argc, char** argv) {
  int threads = argc > 1 ? atoi(argv[1]) : 0;
  pthread_t thread;

  printf("ready %d\n", getpid());
  fflush(stdout);
  for (int i = 0; i < threads; i++)
    pthread_create(&thread, NULL, named_thread, (void*)(intptr_t)i);
  while (threads > 0)
    pause();
  spin_here();
  return 0;
}
