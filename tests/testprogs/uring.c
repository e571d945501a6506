/* `uring N` submits, through an io_uring of its own without liburing, N operations each: NOP, READ
 * of /dev/zero, and OPENAT of nothing, which fails with ENOENT. Prints how many of each ended so;
 * status 77 where the kernel does not give it a ring. */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int ring;
static char *submissions, *completions;
static struct io_uring_sqe* entries;
static struct io_uring_params params;

static int set_up(void) {
  size_t submission_bytes, completion_bytes;

  ring = (int)syscall(SYS_io_uring_setup, 8, &params);
  if (ring < 0) return -1;
  submission_bytes = params.sq_off.array + params.sq_entries * sizeof(uint32_t);
  completion_bytes = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
  submissions = mmap(NULL, submission_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
                     ring, IORING_OFF_SQ_RING);
  completions = mmap(NULL, completion_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
                     ring, IORING_OFF_CQ_RING);
  entries = mmap(NULL, params.sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
  return submissions == MAP_FAILED || completions == MAP_FAILED || entries == MAP_FAILED ? -1 : 0;
}

/* One operation from its submission to its result. */
static int run(const struct io_uring_sqe* entry) {
  uint32_t* tail = (uint32_t*)(submissions + params.sq_off.tail);
  uint32_t* head = (uint32_t*)(completions + params.cq_off.head);
  uint32_t slot = *tail & (params.sq_entries - 1);
  struct io_uring_cqe* done;
  int result;

  entries[slot] = *entry;
  ((uint32_t*)(submissions + params.sq_off.array))[slot] = slot;
  atomic_store((_Atomic uint32_t*)tail, *tail + 1);
  if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1) exit(1);
  done =
      (struct io_uring_cqe*)(completions + params.cq_off.cqes) + (*head & (params.cq_entries - 1));
  result = done->res;
  atomic_store((_Atomic uint32_t*)head, *head + 1);
  return result;
}

int main(int argc, char** argv) {
  long count = argc > 1 ? atol(argv[1]) : 1, nops = 0, reads = 0, misses = 0;
  int zero = open("/dev/zero", O_RDONLY);
  char buffer[16];

  if (set_up()) return 77;
  for (long i = 0; i < count; i++) {
    struct io_uring_sqe nop = {.opcode = IORING_OP_NOP};
    struct io_uring_sqe read = {
        .opcode = IORING_OP_READ, .fd = zero, .addr = (uint64_t)buffer, .len = sizeof(buffer)};
    struct io_uring_sqe miss = {
        .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (uint64_t) "/no/such/file"};

    nops += run(&nop) == 0;
    reads += run(&read) == (int)sizeof(buffer);
    misses += run(&miss) == -ENOENT;
  }
  printf("{\"nop\": %ld, \"read\": %ld, \"openat\": %ld}\n", nops, reads, misses);
  return 0;
}
