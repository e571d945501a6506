#include "core/task_iterator.hpp"

#include <bpf/bpf.h>
#include <unistd.h>

#include <cerrno>

#include "core/kernel_error.hpp"
#include "core/libbpf_log.hpp"
#include "core/skeleton.hpp"
#include "util/fail.hpp"
#include "util/unique_fd.hpp"

namespace sonde::core {

Result<std::vector<std::byte>> run_task_iterator(const bpf_program* program) {
  const LibbpfLog log;
  const UniqueLink link(::bpf_program__attach_iter(program, nullptr));
  if (link == nullptr) return tl::unexpected(attach_error("iter/task", errno, log.text()));
  const UniqueFd file(::bpf_iter_create(::bpf_link__fd(link.get())));
  if (!file) return fail_errno(ErrorCode::AttachFailed, "read the task iterator");

  constexpr std::size_t kChunk = 64 * 1024;
  std::vector<std::byte> bytes;
  for (;;) {
    const std::size_t before = bytes.size();
    bytes.resize(before + kChunk);
    const ssize_t got = ::read(file.get(), bytes.data() + before, kChunk);
    bytes.resize(before + (got > 0 ? static_cast<std::size_t>(got) : 0));
    if (got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN))) continue;
    if (got == 0) return bytes;
    return fail_errno(ErrorCode::EventProcessingFailed, "read the task iterator");
  }
}

}  // namespace sonde::core
