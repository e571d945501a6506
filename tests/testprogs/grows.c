/*
 * Changes its memory as told by lines on stdin, each from a function of its own, and answers "done"
 * when it has: anonymous MIB   touches new anonymous memory, page by page huge MIB        the same
 * in memory that may have huge pages, after MADV_HUGEPAGE; aligned to 2 MiB file PATH       reads a
 * file through a private mapping, page by page shared MIB      touches new shared anonymous memory
 * (shmem) threads MIB     four threads touch MIB of new anonymous memory each, at once brk MIB
 * grows the heap by brk() and touches it read MIB        has the kernel fill new anonymous memory
 * by read() fork            forks a child that writes to what "anonymous" made, and waits for it
 *   discard         gives what "anonymous" made back with MADV_DONTNEED
 *   unmap           unmaps what "anonymous" made
 * No stdio: its buffers would grow, too.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB (1ul << 20)
#ifdef __clang__
#define KEEP __attribute__((noinline))
#else
#define KEEP __attribute__((noinline, noclone))
#endif

static size_t page;
static char* last;
static size_t last_size;
static volatile char sink;

static void die(const char* what) {
  (void)!write(2, what, strlen(what));
  (void)!write(2, "\n", 1);
  _exit(1);
}

static char* map(size_t size, int flags) {
  char* at = mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) die("mmap");
  return at;
}

KEEP static void touch(char* at, size_t size) {
  for (size_t i = 0; i < size; i += page)
    ((volatile char*)at)[i] = 1;
}

KEEP static void grow_anonymous(size_t size) {
  last = map(size, MAP_PRIVATE);
  last_size = size;
  if (madvise(last, size, MADV_NOHUGEPAGE) != 0) die("madvise");
  touch(last, size);
}

KEEP static void grow_huge(size_t size) {
  const size_t huge = 2 * MIB;
  char* at = map(size + huge, MAP_PRIVATE);
  at += huge - (size_t)at % huge;
  if (madvise(at, size, MADV_HUGEPAGE) != 0) die("madvise");
  touch(at, size);
}

KEEP static void grow_file(const char* path) {
  struct stat status;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &status) != 0) die(path);
  char* at = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (at == MAP_FAILED) die("mmap");
  close(fd);
  for (off_t i = 0; i < status.st_size; i += page)
    sink = at[i];
}

KEEP static void grow_shared(size_t size) {
  touch(map(size, MAP_SHARED), size);
}

static pthread_barrier_t together;

// Nothing else of the process runs meanwhile.
static void* touch_in_thread(void* size) {
  char* at = map((size_t)size, MAP_PRIVATE);
  pthread_barrier_wait(&together);
  touch(at, (size_t)size);
  pthread_barrier_wait(&together);
  return NULL;
}

KEEP static void grow_threads(size_t size) {
  pthread_t threads[4];
  pthread_barrier_init(&together, NULL, 4);
  for (int i = 0; i < 4; ++i) {
    if (pthread_create(&threads[i], NULL, touch_in_thread, (void*)size) != 0) die("thread");
  }
  for (int i = 0; i < 4; ++i)
    pthread_join(threads[i], NULL);
}

KEEP static void grow_brk(size_t size) {
  char* at = sbrk((intptr_t)size);
  if (at == (void*)-1) die("sbrk");
  touch(at, size);
}

KEEP static void grow_read(size_t size) {
  char* at = map(size, MAP_PRIVATE);
  int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
  if (read(fd, at, size) != (ssize_t)size) die("read");
  close(fd);
}

KEEP static void copy_in_child(void) {
  pid_t child = fork();
  if (child == 0) {
    touch(last, last_size);
    _exit(0);
  }
  if (child < 0 || waitpid(child, NULL, 0) != child) die("fork");
}

KEEP static void discard(void) {
  if (madvise(last, last_size, MADV_DONTNEED) != 0) die("madvise");
}

KEEP static void unmap(void) {
  if (munmap(last, last_size) != 0) die("munmap");
}

static void answer(const char* text) {
  if (write(1, text, strlen(text)) < 0) _exit(1);
}

static void run(char* line) {
  char* argument = strchr(line, ' ');
  if (argument) *argument++ = 0;
  const size_t size = argument ? strtoul(argument, NULL, 10) * MIB : 0;
  if (!strcmp(line, "anonymous"))
    grow_anonymous(size);
  else if (!strcmp(line, "huge"))
    grow_huge(size);
  else if (!strcmp(line, "file"))
    grow_file(argument);
  else if (!strcmp(line, "shared"))
    grow_shared(size);
  else if (!strcmp(line, "threads"))
    grow_threads(size);
  else if (!strcmp(line, "brk"))
    grow_brk(size);
  else if (!strcmp(line, "read"))
    grow_read(size);
  else if (!strcmp(line, "fork"))
    copy_in_child();
  else if (!strcmp(line, "discard"))
    discard();
  else if (!strcmp(line, "unmap"))
    unmap();
  else
    die("unknown command");
  answer("done\n");
}

int main(void) {
  char line[4096];
  size_t length = 0;
  page = (size_t)sysconf(_SC_PAGESIZE);
  answer("ready\n");
  while (length < sizeof(line) && read(0, line + length, 1) == 1) {
    if (line[length] != '\n') {
      ++length;
      continue;
    }
    line[length] = 0;
    length = 0;
    run(line);
  }
  return 0;
}
