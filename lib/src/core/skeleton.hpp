#pragma once

#include <bpf/libbpf.h>

#include <memory>

namespace sonde::core {

/// Owns a skeleton that bpftool generated: destroying it detaches, unloads and frees everything in
/// it.
template <class Skeleton>
struct SkeletonDeleter {
  void operator()(Skeleton* skeleton) const noexcept { Skeleton::destroy(skeleton); }
};
template <class Skeleton>
using UniqueSkeleton = std::unique_ptr<Skeleton, SkeletonDeleter<Skeleton>>;

/// Owns one attachment: destroying it detaches, and closes the perf event it was made from.
struct LinkDeleter {
  void operator()(bpf_link* link) const noexcept { ::bpf_link__destroy(link); }
};
using UniqueLink = std::unique_ptr<bpf_link, LinkDeleter>;

}  // namespace sonde::core
