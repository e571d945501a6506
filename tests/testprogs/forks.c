/* `forks N` forks N children, each of which ends at once. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char** argv) {
  long count = argc > 1 ? atol(argv[1]) : 1;

  for (long i = 0; i < count; i++) {
    pid_t child = fork();

    if (child < 0) return 1;
    if (child == 0) _exit(0);
    if (waitpid(child, NULL, 0) != child) return 1;
  }
  printf("{\"pid\": %d, \"forks\": %ld}\n", getpid(), count);
  return 0;
}
