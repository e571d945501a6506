#include "core/bpf_iterator.hpp"

#include <bpf/bpf.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "core/kernel_error.hpp"
#include "core/libbpf_log.hpp"
#include "core/skeleton.hpp"
#include "util/fail.hpp"
#include "util/unique_fd.hpp"

namespace sonde::core {

namespace {

Result<std::vector<std::byte>> run(const bpf_program* program,
                                   const bpf_iter_attach_opts* options) {
  const char* const hook = ::bpf_program__section_name(program);
  const LibbpfLog log;
  const UniqueLink link(::bpf_program__attach_iter(program, options));
  if (link == nullptr) return tl::unexpected(attach_error(hook, errno, log.text()));
  const UniqueFd file(::bpf_iter_create(::bpf_link__fd(link.get())));
  if (!file) return fail_errno(ErrorCode::AttachFailed, std::string("read ") + hook);

  constexpr std::size_t kChunk = 64 * 1024;
  std::vector<std::byte> bytes;
  for (;;) {
    const std::size_t before = bytes.size();
    bytes.resize(before + kChunk);
    const ssize_t got = ::read(file.get(), bytes.data() + before, kChunk);
    bytes.resize(before + (got > 0 ? static_cast<std::size_t>(got) : 0));
    if (got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN))) continue;
    if (got == 0) return bytes;
    return fail_errno(ErrorCode::EventProcessingFailed, std::string("read ") + hook);
  }
}

}  // namespace

Result<std::vector<std::byte>> run_task_iterator(const bpf_program* program) {
  return run(program, nullptr);
}

Result<std::vector<std::byte>> run_map_iterator(const bpf_program* program, const bpf_map* map) {
  bpf_iter_link_info info{};
  info.map.map_fd = static_cast<__u32>(::bpf_map__fd(map));
  bpf_iter_attach_opts options{};
  options.sz = sizeof(options);
  options.link_info = &info;
  options.link_info_len = sizeof(info);
  return run(program, &options);
}

}  // namespace sonde::core
