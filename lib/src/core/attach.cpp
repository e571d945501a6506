#include "core/attach.hpp"

#include <cerrno>

#include "core/kernel_error.hpp"
#include "core/libbpf_log.hpp"

namespace sonde::core {

Result<void> attach_loaded(std::initializer_list<const bpf_program*> programs,
                           std::vector<UniqueLink>& links) {
  for (const bpf_program* program : programs) {
    if (!::bpf_program__autoload(program)) continue;
    const LibbpfLog log;
    UniqueLink link(::bpf_program__attach(program));
    if (link == nullptr) {
      return tl::unexpected(attach_error(::bpf_program__section_name(program), errno, log.text()));
    }
    links.push_back(std::move(link));
  }
  return {};
}

}  // namespace sonde::core
