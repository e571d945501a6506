/* `execs COUNT PROGRAM...` tries to execute each program COUNT times, none of which may work, and
 * prints in the end the errno that each gave: a line "ERRNO PROGRAM". */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char** argv) {
  long count = argc > 1 ? atol(argv[1]) : 0;
  char argument[] = "argument"; /* on the stack, which is resident */
  int errors[64] = {0};

  if (argc < 3 || argc > 64) return 2;
  for (int i = 2; i < argc; i++) {
    char* arguments[] = {argv[i], argument, NULL};

    for (long n = 0; n < count; n++) {
      syscall(SYS_execve, argv[i], arguments, environ);
      errors[i] = errno;
    }
  }
  for (int i = 2; i < argc; i++)
    printf("%d %s\n", errors[i], argv[i]);
  return 0;
}
