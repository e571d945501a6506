/* Starts processes in each way there is, one after another. Each of them burns CPU time in
 * leaf_work(), tells its pid and its own measure of that time, and ends:
 * `descend` is the root, `descend leaf KIND` what the ways with exec run. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "burn.h"

static const int64_t kLeafNs = 200000000;

NOT_INLINED void leaf_work(void) {
  while (cpu_ns(CLOCK_PROCESS_CPUTIME_ID) < kLeafNs)
    burn(1000000);
}

static void leaf(const char* kind) {
  leaf_work();
  /* One write, so that lines of several processes do not mix. */
  dprintf(STDOUT_FILENO, "%s %d %lld\n", kind, getpid(),
          (long long)cpu_ns(CLOCK_PROCESS_CPUTIME_ID));
  _exit(0);
}

static void exec_leaf(const char* self, const char* kind) {
  execl(self, "descend", "leaf", kind, (char*)NULL);
  _exit(99);
}

static void* fork_in_thread(void* unused) {
  pid_t child = fork();

  if (child == 0) leaf("thread");
  waitpid(child, NULL, 0);
  return unused;
}

int main(int argc, char** argv) {
  const char* self = "/proc/self/exe";
  pthread_t thread;
  pid_t child;
  int ends[2];
  char byte;

  if (argc == 3 && strcmp(argv[1], "leaf") == 0) leaf(argv[2]);

  child = fork();
  if (child == 0) leaf("fork");
  waitpid(child, NULL, 0);

  child = fork();
  if (child == 0) exec_leaf(self, "exec");
  waitpid(child, NULL, 0);

  child = vfork();
  if (child == 0) exec_leaf(self, "vfork");
  waitpid(child, NULL, 0);

  pthread_create(&thread, NULL, fork_in_thread, NULL);
  pthread_join(thread, NULL);

  /* The grandchild outlives its parent; the pipe tells when it has ended. */
  if (pipe(ends) != 0) return 1;
  child = fork();
  if (child == 0) {
    if (fork() == 0) leaf("orphan");
    _exit(0);
  }
  waitpid(child, NULL, 0);
  close(ends[1]);
  while (read(ends[0], &byte, 1) > 0)
    ;
  dprintf(STDOUT_FILENO, "root %d %lld\n", getpid(), (long long)cpu_ns(CLOCK_PROCESS_CPUTIME_ID));
  return 23;
}
