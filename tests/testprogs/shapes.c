/* Stacks of all shapes, built without frame pointers. "shapes SHAPE [DEPTH]" works in one of them
 * until it is killed. */
#include <alloca.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))

static volatile unsigned long sink;

NOINLINE void work(unsigned rounds) {
  for (unsigned i = 0; i < rounds * 1000; i++)
    sink += i;
}

NOINLINE int on_variable_frame(int n) {
  char* bytes = alloca((size_t)n * 16 + 16);
  memset(bytes, n, 16);
  work(10);
  return bytes[3] + n;
}

NOINLINE int descend(int depth) {
  int result = depth > 0 ? descend(depth - 1) : on_variable_frame(3);
  sink += (unsigned long)result;
  return result + 1;
}

NOINLINE int compare(const void* a, const void* b) {
  work(1);
  return *(const int*)a - *(const int*)b;
}

NOINLINE void sort_numbers(void) {
  int numbers[64];
  for (int i = 0; i < 64; i++)
    numbers[i] = (i * 37) % 64;
  qsort(numbers, 64, sizeof(numbers[0]), compare);
  sink += (unsigned long)numbers[0];
}

NOINLINE void handle(int signal, siginfo_t* info, void* context) {
  (void)signal;
  (void)info;
  (void)context;
  work(100);
}

NOINLINE void be_interrupted(void) {
  work(10);
  sink++;
}

NOINLINE void ask_the_time(void) {
  struct timespec now;
  for (int i = 0; i < 100; i++) {
    clock_gettime(CLOCK_MONOTONIC, &now);
    sink += (unsigned long)now.tv_nsec;
  }
}

NOINLINE void move_memory(char* bytes) {
  memcpy(bytes, bytes + (1 << 20), 1 << 19);
  sink += (unsigned long)bytes[5];
}

NOINLINE void allocate(void) {
  char* pieces[64];
  for (int i = 0; i < 64; i++) {
    pieces[i] = malloc((size_t)i * 40 + 1);
    pieces[i][0] = 1;
  }
  for (int i = 0; i < 64; i++)
    free(pieces[i]);
  sink++;
}

NOINLINE void* in_thread(void* unused) {
  (void)unused;
  for (;;)
    descend(5);
  return NULL;
}

NOINLINE void sleep_deep(int depth) {
  const struct timespec moment = {0, 5000000};
  if (depth > 0)
    sleep_deep(depth - 1);
  else
    nanosleep(&moment, NULL);
  sink++;
}

int main(int argc, char** argv) {
  const char* shape = argc > 1 ? argv[1] : "";
  const int depth = argc > 2 ? atoi(argv[2]) : 20;
  char* bytes = calloc(2, 1 << 20);
  if (!bytes) return 1;
  puts("ready");
  fflush(stdout);
  if (!strcmp(shape, "signal")) {
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO};
    struct itimerval often = {{0, 2000}, {0, 2000}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
  } else if (!strcmp(shape, "thread")) {
    pthread_t thread;
    pthread_create(&thread, NULL, in_thread, NULL);
    pthread_join(thread, NULL);
  }
  for (;;) {
    if (!strcmp(shape, "alloca"))
      descend(depth);
    else if (!strcmp(shape, "qsort"))
      sort_numbers();
    else if (!strcmp(shape, "signal"))
      be_interrupted();
    else if (!strcmp(shape, "vdso"))
      ask_the_time();
    else if (!strcmp(shape, "memcpy"))
      move_memory(bytes);
    else if (!strcmp(shape, "malloc"))
      allocate();
    else if (!strcmp(shape, "deep"))
      descend(2000);
    else if (!strcmp(shape, "sleep"))
      sleep_deep(30);
    else
      return 2;
  }
}
