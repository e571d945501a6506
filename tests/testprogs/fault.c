/* mkdir() with paths that are hard to read for who looks on. `fault FILE` uses FILE, which it
 * overwrites, for pages that are not resident until the kernel touches them. For each call it
 * prints a line: what it is, the path in hexadecimal (or - where none can be read), the errno. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096
#define PATH_MAX 4096

static char bytes[3 * PATH_MAX];

static void try(const char* what, const char* path, const char* shown) {
  long result = syscall(SYS_mkdir, path, 0700);
  int error = result < 0 ? errno : 0;

  printf("%s ", what);
  for (; shown && *shown; shown++)
    printf("%02x", (unsigned char)*shown);
  printf("%s %d\n", shown ? "" : "-", error);
}

/* A path without a component that is too long. */
static char* long_path(size_t length) {
  memset(bytes, 'x', length);
  for (size_t i = 0; i < length; i += 200)
    bytes[i] = '/';
  bytes[length] = 0;
  return bytes;
}

int main(int argc, char** argv) {
  const char cold[] = "/no/such/folder/cold", split[] = "/no/such/folder/on/two/pages";
  char *pages, *none;
  int fd;

  if (argc < 2) return 2;
  fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (fd < 0 || ftruncate(fd, 4 * PAGE)) return 1;
  if (pwrite(fd, cold, sizeof(cold), 0) < 0 || pwrite(fd, split, sizeof(split), 3 * PAGE - 10) < 0)
    return 1;
  pages = mmap(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
  none = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED || none == MAP_FAILED) return 1;
  /* Without this, a fault maps the pages around it, too. */
  madvise(pages, 4 * PAGE, MADV_RANDOM);
  madvise(pages, 4 * PAGE, MADV_DONTNEED);

  try("cold", pages, cold);
  (void)*(volatile char*)(pages + 2 * PAGE);
  try("split", pages + 3 * PAGE - 10, split);
  try("long", long_path(PATH_MAX - 1), bytes);
  try("too_long", long_path(PATH_MAX + 100), bytes);
  try("not_utf8", "/no/such/\xff\xfe\xc3(/\xe2\x82", "/no/such/\xff\xfe\xc3(/\xe2\x82");
  try("control", "/no/such/\n\t\"\\\x1b[31m\x7f", "/no/such/\n\t\"\\\x1b[31m\x7f");
  try("empty", "", "");
  try("null", NULL, NULL);
  try("unmapped", (char*)8, NULL);
  try("kernel", (char*)0xffffffff81000000, NULL);
  try("not_canonical", (char*)0x8000000000000000, NULL);
  try("protected", none, NULL);
  return 0;
}
