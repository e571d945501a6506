/* Makes a known number of system calls of each kind, and prints in the end how many it made, as
 * JSON by call and errno ("" for success). Arguments are KEY=N:
 *   threads   that make the calls below, each as often (default: 1, the first thread itself)
 *   getppid openat (of nothing: ENOENT) close (of -1: EBADF) read (of 0 bytes) sleep (5 ms)
 *   kill_pause kill_sleep   children that are killed in pause() or in a sleep
 *   block     threads "blocked-I" that are still in read() of an empty pipe when the process ends
 *   exec      times that it executes itself before anything else
 *   thread_exec   1: the last of these times from a thread that is not the first
 *   wait      1: says "ready PID" and reads a byte of stdin before it makes the calls
 * What else it needs of calls is of other kinds. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SLEEP_NS 5000000

enum key {
  THREADS,
  GETPPID,
  OPENAT,
  CLOSE,
  READ,
  SLEEP,
  KILL_PAUSE,
  KILL_SLEEP,
  BLOCK,
  EXEC,
  THREAD_EXEC,
  WAIT,
  KEYS
};
static const char* const names[KEYS] = {"threads", "getppid", "openat",      "close",
                                        "read",    "sleep",   "kill_pause",  "kill_sleep",
                                        "block",   "exec",    "thread_exec", "wait"};
static long wanted[KEYS] = {[THREADS] = 1};
static int empty_pipe[2];
static pid_t tids[1024];
static _Atomic int wrong;

static void expect(long result, int error) {
  if (error ? result != -1 || errno != error : result < 0) wrong = 1;
}

static void make_calls(void) {
  const struct timespec a_while = {.tv_nsec = SLEEP_NS};
  char byte;

  for (long i = 0; i < wanted[GETPPID]; i++)
    expect(syscall(SYS_getppid), 0);
  for (long i = 0; i < wanted[OPENAT]; i++)
    expect(syscall(SYS_openat, AT_FDCWD, "/no/such/file", O_RDONLY), ENOENT);
  for (long i = 0; i < wanted[CLOSE]; i++)
    expect(syscall(SYS_close, -1), EBADF);
  for (long i = 0; i < wanted[READ]; i++)
    expect(syscall(SYS_read, empty_pipe[0], &byte, 0), 0);
  for (long i = 0; i < wanted[SLEEP]; i++)
    expect(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &a_while, NULL), 0);
}

static void* worker(void* number) {
  char name[16];

  snprintf(name, sizeof(name), "calls-%d", (int)(intptr_t)number);
  prctl(PR_SET_NAME, name);
  tids[(intptr_t)number] = (pid_t)syscall(SYS_gettid);
  make_calls();
  return NULL;
}

static void* blocked(void* number) {
  char name[16], byte;

  snprintf(name, sizeof(name), "blocked-%d", (int)(intptr_t)number);
  prctl(PR_SET_NAME, name);
  *(volatile pid_t*)&tids[(intptr_t)number] = (pid_t)syscall(SYS_gettid);
  syscall(SYS_read, empty_pipe[0], &byte, 1);
  wrong = 1;
  return NULL;
}

/* Until a thread sleeps in `call`. Asks with calls that are of no kind that is counted. */
static void await_call(pid_t tid, long call) {
  struct open_how how = {.flags = O_RDONLY};
  char path[64], text[64], begin[16];
  const struct timespec a_while = {.tv_nsec = 1000000};

  snprintf(path, sizeof(path), "/proc/%d/syscall", tid);
  snprintf(begin, sizeof(begin), "%ld ", call);
  for (;;) {
    long fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
    long length = syscall(SYS_pread64, fd, text, sizeof(text) - 1, 0L);

    syscall(SYS_close_range, fd, fd, 0);
    text[length > 0 ? length : 0] = 0;
    if (!strncmp(text, begin, strlen(begin))) return;
    syscall(SYS_pselect6, 0, NULL, NULL, NULL, &a_while, NULL);
  }
}

static void kill_in_call(long call) {
  const struct timespec for_ever = {.tv_sec = 1000};
  pid_t child = fork();

  if (child == 0) {
    if (call == SYS_pause)
      syscall(SYS_pause);
    else
      syscall(call, CLOCK_MONOTONIC, 0, &for_ever, NULL);
    _exit(1);
  }
  await_call(child, call);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
}

static void* execute(void* argv) {
  if (wanted[EXEC] == 1 && wanted[THREAD_EXEC]) await_call(getpid(), SYS_pause);
  execv("/proc/self/exe", argv);
  _exit(1);
}

static void execute_again(int argc, char** argv) {
  pthread_t thread;
  int last = wanted[EXEC] == 1;

  for (int i = 1; i < argc; i++)
    if (!strncmp(argv[i], "exec=", 5)) sprintf(argv[i], "exec=%ld", wanted[EXEC] - 1);
  if (last && wanted[THREAD_EXEC]) {
    pthread_create(&thread, NULL, execute, argv);
    for (;;)
      syscall(SYS_pause);
  }
  execute(argv);
}

int main(int argc, char** argv) {
  pthread_t threads[1024];
  char byte;

  for (int i = 1; i < argc; i++) {
    char* value = strchr(argv[i], '=');
    int key = 0;

    if (!value) return 2;
    while (key < KEYS &&
           (strncmp(names[key], argv[i], (size_t)(value - argv[i])) || names[key][value - argv[i]]))
      key++;
    if (key == KEYS) return 2;
    wanted[key] = atol(value + 1);
  }
  if (wanted[THREADS] > 1024 || wanted[BLOCK] > 512) return 2;
  if (wanted[EXEC] > 0) execute_again(argc, argv);
  if (pipe(empty_pipe)) return 1;

  for (intptr_t i = 0; i < wanted[BLOCK]; i++) {
    const struct timespec a_while = {.tv_nsec = 1000000};

    pthread_create(&threads[0], NULL, blocked, (void*)i);
    while (!*(volatile pid_t*)&tids[i])
      syscall(SYS_pselect6, 0, NULL, NULL, NULL, &a_while, NULL);
    await_call(tids[i], SYS_read);
  }
  if (wanted[WAIT]) {
    printf("ready %d", getpid());
    for (long i = 0; i < wanted[BLOCK]; i++)
      printf(" %d", tids[i]);
    printf("\n");
    fflush(stdout);
    if (syscall(SYS_read, 0, &byte, 1) != 1) return 1;
  }
  if (wanted[THREADS] == 1) {
    tids[0] = getpid();
    make_calls();
  } else {
    for (intptr_t i = 0; i < wanted[THREADS]; i++)
      pthread_create(&threads[i], NULL, worker, (void*)i);
    for (long i = 0; i < wanted[THREADS]; i++)
      pthread_join(threads[i], NULL);
  }
  for (long i = 0; i < wanted[KILL_PAUSE]; i++)
    kill_in_call(SYS_pause);
  for (long i = 0; i < wanted[KILL_SLEEP]; i++)
    kill_in_call(SYS_clock_nanosleep);

  printf("{\"pid\": %d, \"tids\": [", getpid());
  for (long i = 0; i < wanted[THREADS]; i++)
    printf("%s%d", i ? ", " : "", tids[i]);
  printf("], \"calls\": {\"getppid\": {\"\": %ld}, \"openat\": {\"ENOENT\": %ld}",
         wanted[THREADS] * wanted[GETPPID], wanted[THREADS] * wanted[OPENAT]);
  printf(", \"close\": {\"EBADF\": %ld}, \"read\": {\"\": %ld, \"ERESTARTSYS\": %ld}",
         wanted[THREADS] * wanted[CLOSE], wanted[THREADS] * wanted[READ] + wanted[WAIT],
         wanted[BLOCK]);
  printf(", \"pause\": {\"ERESTARTNOHAND\": %ld}",
         wanted[KILL_PAUSE] + (wanted[THREAD_EXEC] ? 1 : 0));
  printf(", \"clock_nanosleep\": {\"\": %ld, \"ERESTART_RESTARTBLOCK\": %ld}}}\n",
         wanted[THREADS] * wanted[SLEEP], wanted[KILL_SLEEP]);
  fflush(stdout);
  return wrong;
}
