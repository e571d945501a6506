/* Runs machine code that no executable file describes: `jit` writes it to anonymous memory,
 * `jit FILE` maps FILE and runs what lies at its second page. Tells the address. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__x86_64__)
static const uint8_t kSpin[] = {0xeb, 0xfe}; /* jmp to itself */
#elif defined(__aarch64__)
static const uint32_t kSpin[] = {0x14000000}; /* b to itself */
#else
#error "no code for this architecture"
#endif

int main(int argc, char** argv) {
  const size_t size = 8192;
  const size_t at = 4096;
  char* code;

  if (argc > 1) {
    int file = open(argv[1], O_RDONLY);

    code = mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
  } else {
    code = mmap(NULL, size, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  }
  if (code == MAP_FAILED) return 1;
  if (argc == 1) memcpy(code + at, kSpin, sizeof(kSpin));
  __builtin___clear_cache(code, code + size);
  printf("ready %d %llx\n", getpid(), (unsigned long long)(uintptr_t)(code + at));
  fflush(stdout);
  ((void (*)(void))(uintptr_t)(code + at))();
  return 0;
}
