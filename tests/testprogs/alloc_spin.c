/* Allocates and frees again and again, with work between, until it is told to end, or for so many
 * seconds of the CPU time of each thread: [SECONDS [WORK [THREADS [STEP]]]]. WORK is about a
 * nanosecond for a unit or two, and negative if it is to miss the caches. SECONDS is negative if
 * there are to be no system calls meanwhile, of the CPU time of all threads then. Says "ready", and
 * at the end how often: "spin calls bytes", and with STEP how often until then, whenever so many
 * milliseconds of the CPU time of the first thread had passed: "until nanoseconds calls". */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

#define MOST_THREADS 8
#define MOST_STEPS 1024
#define MEMORY (16 << 20)

static volatile sig_atomic_t over;
static double seconds;
static long amount = 1000;
static __thread double step; /* of the first thread only */
static volatile char memory[MEMORY];
static struct {
  double seconds;
  unsigned long calls;
} steps[MOST_STEPS];
static int step_count;

static void end(int signal) {
  (void)signal;
  over = 1;
}

static double cpu_seconds(void) {
  struct timespec time;

  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static void compute(void) {
  for (volatile long i = 0; i < amount; i++) {
  }
}

/* Each place depends on what was at the last one. */
static void touch(unsigned* random) {
  for (long i = 0; i > amount; i--)
    *random = *random * 1664525 + 1013904223 + memory[*random % MEMORY];
}

__attribute__((noinline)) static unsigned long spin(void) {
  const double begun = step > 0 ? cpu_seconds() : 0;
  unsigned random = 1;
  unsigned long calls = 0;

  for (;;) {
    const double now = seconds > 0 || step > 0 ? cpu_seconds() : 0;

    if (step > 0 && step_count < MOST_STEPS && now >= begun + step * step_count) {
      steps[step_count].seconds = now - begun;
      steps[step_count++].calls = calls;
    }
    if (over || (seconds > 0 && now >= seconds)) return calls;
    for (int i = 0; i < 1000; i++) {
      void* volatile block = malloc(100);

      free(block);
      if (amount < 0)
        touch(&random);
      else
        compute();
    }
    calls += 1000;
  }
}

static void* run(void* calls) {
  *(unsigned long*)calls = spin();
  return NULL;
}

int main(int count, char** words) {
  const int threads = count > 3 ? atoi(words[3]) : 1;
  unsigned long calls[MOST_THREADS] = {0}, sum = 0;
  pthread_t others[MOST_THREADS];

  seconds = count > 1 ? atof(words[1]) : 0;
  if (count > 2) amount = atol(words[2]);
  if (count > 4) step = atof(words[4]) / 1000;
  signal(SIGTERM, end);
  if (seconds < 0) {
    const struct itimerval until = {{0, 0}, {(time_t)-seconds, 0}};

    signal(SIGPROF, end);
    setitimer(ITIMER_PROF, &until, NULL);
  }
  puts("ready");
  fflush(stdout);
  for (int i = 1; i < threads && i < MOST_THREADS; i++)
    pthread_create(&others[i], NULL, run, &calls[i]);
  run(&calls[0]);
  for (int i = 1; i < threads && i < MOST_THREADS; i++)
    pthread_join(others[i], NULL);
  for (int i = 0; i < MOST_THREADS; i++)
    sum += calls[i];
  for (int i = 0; i < step_count; i++)
    printf("until %.0f %lu\n", steps[i].seconds * 1e9, steps[i].calls);
  printf("spin %lu %lu\n", sum, sum * 100);
  return 0;
}
