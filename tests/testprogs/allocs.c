/* Allocates, resizes and frees known amounts from functions of known names, in several threads, and
 * says what it did: "NAME calls bytes live_calls live_bytes" for each function, then "end". It does
 * so before it prints a word, and before main() too. With an argument it waits for a line of input
 * first and for another before it ends. */
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 4
#define ROUNDS 500
#define NAMES 10

#define KEEP __attribute__((noinline))

struct tally {
  const char* name;
  unsigned long calls, bytes, live_calls, live_bytes;
};

enum { LEAK, CHURN, ZEROED, GROW, ARRAY, ALIGNED, POSIX, TWICE, EARLY, FAIL };

static __thread struct tally mine[NAMES];
static struct tally all[NAMES] = {
    {.name = "leak"},  {.name = "churn"},   {.name = "zeroed"}, {.name = "grow"},
    {.name = "array"}, {.name = "aligned"}, {.name = "posix"},  {.name = "twice"},
    {.name = "early"}, {.name = "fail"},
};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void* volatile kept[THREADS + 1][4096];
static volatile unsigned long hundred = 100;
static __thread unsigned kept_count;
static __thread unsigned me;

static void* keep(void* memory) {
  kept[me][kept_count++] = memory;
  return memory;
}

static void given(int name, unsigned long bytes, int lives) {
  mine[name].calls++;
  mine[name].bytes += bytes;
  mine[name].live_calls += lives;
  mine[name].live_bytes += lives ? bytes : 0;
}

KEEP static void leak(unsigned long size) {
  keep(malloc(size));
  given(LEAK, size, 1);
  __asm__ volatile("");
}

KEEP static void churn(unsigned long size) {
  void* volatile memory = malloc(size);

  given(CHURN, size, 0);
  free(memory);
  free(NULL);
}

KEEP static void zeroed(unsigned long size) {
  void* volatile memory = calloc(3, size);

  given(ZEROED, 3 * size, size % 2);
  if (size % 2)
    keep(memory);
  else
    free(memory);
}

/* Each resizing frees what was and gives anew: in place, elsewhere, and once more from nothing. */
KEEP static void grow(unsigned long size) {
  void* memory = realloc(NULL, size);

  memory = realloc(memory, size + 8);
  memory = realloc(memory, size * 200);
  memory = realloc(memory, size);
  given(GROW, size, 0);
  given(GROW, size + 8, 0);
  given(GROW, size * 200, 0);
  given(GROW, size, 1);
  keep(memory);
}

KEEP static void array(unsigned long size) {
#ifdef NO_REALLOCARRAY
  void* memory = realloc(NULL, 2 * size);
#else
  void* memory = reallocarray(NULL, 2, size);
#endif

  given(ARRAY, 2 * size, 1);
  keep(memory);
}

KEEP static void aligned(unsigned long size) {
  void* volatile small = aligned_alloc(16, size);
  void* volatile large = memalign(256, size);

  given(ALIGNED, size, 0);
  given(ALIGNED, size, 1);
  free(small);
  keep(large);
}

KEEP static void posix(unsigned long size) {
  void *memory = NULL, *again = NULL;

  if (posix_memalign(&memory, 64, size) || posix_memalign(&again, 8, size)) abort();
  given(POSIX, size, 1);
  given(POSIX, size, 0);
  free(again);
  keep(memory);
}

/* The same address again and again. */
KEEP static void twice(unsigned long size) {
  for (int i = 0; i < 3; i++) {
    void* volatile memory = malloc(size);

    given(TWICE, size, 0);
    free(memory);
  }
}

/* What fails is no allocation, and leaves what it would have resized as it was. */
KEEP static void fail(unsigned long size) {
  volatile size_t most = PTRDIFF_MAX;
  void* memory = malloc(size);

  given(FAIL, size, 1);
  if (realloc(memory, most) || malloc(most) || calloc(most, 16)) abort();
  keep(memory);
}

__attribute__((constructor)) KEEP static void early(void) {
  keep(malloc(12345));
  given(EARLY, 12345, 1);
  __asm__ volatile("");
}

static void add_up(void) {
  pthread_mutex_lock(&lock);
  for (int i = 0; i < NAMES; i++) {
    all[i].calls += mine[i].calls;
    all[i].bytes += mine[i].bytes;
    all[i].live_calls += mine[i].live_calls;
    all[i].live_bytes += mine[i].live_bytes;
  }
  pthread_mutex_unlock(&lock);
}

static void* work(void* number) {
  me = (unsigned)(uintptr_t)number;
  for (unsigned long i = 1; i <= ROUNDS; i++) {
    leak(i);
    churn(2 * i);
    zeroed(i);
    grow(16 + i % 32);
    array(i);
    aligned(16 * (1 + i % 64));
    posix(i);
    twice(hundred);
    if (i % 100 == 0) fail(i);
  }
  add_up();
  return NULL;
}

int main(int count, char** words) {
  pthread_t threads[THREADS];
  char line[16];

  (void)words;
  if (count > 1) {
    puts("ready");
    fflush(stdout);
    if (!fgets(line, sizeof(line), stdin)) return 1;
  }
  for (uintptr_t i = 0; i < THREADS; i++)
    pthread_create(&threads[i], NULL, work, (void*)(i + 1));
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  add_up();
  for (int i = 0; i < NAMES; i++)
    printf("%s %lu %lu %lu %lu\n", all[i].name, all[i].calls, all[i].bytes, all[i].live_calls,
           all[i].live_bytes);
  puts("end");
  fflush(stdout);
  if (count > 1 && !fgets(line, sizeof(line), stdin)) return 1;
  return 0;
}
