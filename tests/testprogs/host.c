/* `host LIBRARY` waits for a line, then loads LIBRARY and stays in its plugin_work(). */
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char** argv) {
  void (*work)(void);
  void* library;

  printf("ready %d\n", getpid());
  fflush(stdout);
  getchar();
  library = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;
  if (!library) return 1;
  *(void**)&work = dlsym(library, "plugin_work");
  if (!work) return 1;
  work();
  return 0;
}
