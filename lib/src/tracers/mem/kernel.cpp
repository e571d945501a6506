#include "tracers/mem/kernel.hpp"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "core/attach.hpp"
#include "core/per_cpu.hpp"
#include "ingest/ring_source.hpp"
#include "tracers/mem/object.hpp"
#include "tracers/mem/oom.hpp"
#include "tracers/stacks/stack_recorder.hpp"
#include "tracers/target_filter.hpp"
#include "util/fail.hpp"

namespace sonde::tracers {
namespace {

using Sums = std::map<std::uint64_t, sonde_mem_kernel_sums>;

// "kmalloc-64", "slab dentry", "pages of order 3".
std::string kind_of(std::uint32_t label, const sonde_mem_kernel_sums& sums) {
  switch (SONDE_MEM_KIND(label)) {
    case SONDE_MEM_SLAB:
      return "slab " + std::string(sums.cache, ::strnlen(sums.cache, sizeof(sums.cache)));
    case SONDE_MEM_PAGES:
      return fmt::format("pages of order {}", SONDE_MEM_CAUSE(label));
    default:
      return fmt::format("kmalloc-{}",
                         sums.allocated_bytes / std::max<std::uint64_t>(sums.allocated_count, 1));
  }
}

class KernelLane final : public MemLane {
 public:
  KernelLane(const MemPlan& plan, StackRecorder& stacks) : plan_(plan), stacks_(stacks) {}

  void configure(mem_bpf& object) override;
  Result<void> loaded(mem_bpf& object) override;
  Result<void> attach(std::vector<core::UniqueLink>& links) override;
  std::vector<core::EventSource*> sources() noexcept override {
    return ooms_ == nullptr ? std::vector<core::EventSource*>()
                            : std::vector<core::EventSource*>{ooms_.get()};
  }

  void add_books(Accounting& books) const override;
  std::uint64_t recorded() const noexcept override { return 0; }
  std::uint64_t program_runs() const noexcept override {
    const sonde_mem_kernel_counters c = counters();
    // Runs that follow nothing are not counted: that would cost more than they do.
    return (c.seen + c.frees) * SONDE_MEM_KERNEL_EVERY;
  }

  void take() override;
  Result<void> add_sections(std::vector<symbolize::RawStack>& counted,
                            std::vector<Section>& sections) override;
  void add_statistics(MemoryStatistics&) const override {}
  void add_notices(std::vector<std::string>& notices) const override;

 private:
  sonde_mem_kernel_counters counters() const noexcept {
    return core::sum_counters<sonde_mem_kernel_counters>(
        ::bpf_map__fd(object_->maps.mem_kernel_counters));
  }
  std::vector<symbolize::RawStack> outstanding() const;
  std::vector<std::string> frames_of(std::uint64_t key);

  const MemPlan& plan_;
  StackRecorder& stacks_;
  mem_bpf* object_ = nullptr;
  std::unique_ptr<ingest::RingSource> ooms_;
  OomKills kills_;
  Sums sums_;
};

void KernelLane::configure(mem_bpf& object) {
  object.rodata->mem_kernel_page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  object.rodata->mem_oom_subsystem = cgroup_subsystem("memory").value_or(-1);
  const auto& programs = object.progs;
  for (bpf_program* program :
       {programs.mem_kmalloc, programs.mem_cache_alloc, programs.mem_page_alloc, programs.mem_kfree,
        programs.mem_cache_free, programs.mem_page_free})
    ::bpf_program__set_autoload(program, true);
  ::bpf_program__set_autoload(programs.mem_oom, plan_.oom);
}

Result<void> KernelLane::loaded(mem_bpf& object) {
  object_ = &object;
  if (!plan_.oom) return {};
  auto ring =
      ingest::RingSource::open(::bpf_map__fd(object.maps.mem_ooms),
                               [this](std::span<const std::byte> record) { kills_.add(record); });
  if (!ring) return tl::unexpected(ring.error());
  ooms_ = std::move(*ring);
  return {};
}

// Frees first: what is allocated and freed before both are attached would seem outstanding.
Result<void> KernelLane::attach(std::vector<core::UniqueLink>& links) {
  const auto& programs = object_->progs;
  return core::attach_loaded(
      {programs.mem_oom, programs.mem_kfree, programs.mem_cache_free, programs.mem_page_free,
       programs.mem_kmalloc, programs.mem_cache_alloc, programs.mem_page_alloc},
      links);
}

void KernelLane::add_books(Accounting& books) const {
  const sonde_mem_kernel_counters c = counters();
  books.seen += c.seen;
  books.filtered += c.filtered_target + c.filtered_self + c.filtered_paused;
  books.lost["kernel_stacks_full"] += c.lost_stacks_full;
  books.lost["nested_allocation"] += c.lost_nested;
  books.reported += c.recorded;
}

void KernelLane::take() {
  kills_.take();
  sums_.clear();
  const int fd = ::bpf_map__fd(object_->maps.mem_kernel_sums);
  std::uint64_t key = 0;
  const std::uint64_t* previous = nullptr;
  while (::bpf_map_get_next_key(fd, previous, &key) == 0) {
    sonde_mem_kernel_sums sums{};
    if (::bpf_map_lookup_elem(fd, &key, &sums) == 0) sums_.emplace(key, sums);
    previous = &key;
  }
}

std::vector<symbolize::RawStack> KernelLane::outstanding() const {
  constexpr std::uint64_t kEvery = SONDE_MEM_KERNEL_EVERY;
  std::vector<symbolize::RawStack> stacks;
  for (const auto& [key, sums] : sums_) {
    const symbolize::RawStack* const known = stacks_.counts().find(key);
    if (known == nullptr) continue;
    const auto left = [](std::uint64_t allocated, std::uint64_t freed) {
      return allocated > freed ? kEvery * (allocated - freed) : 0;
    };
    symbolize::RawStack stack = *known;
    stack.values = {left(sums.allocated_bytes, sums.freed_bytes),
                    left(sums.allocated_count, sums.freed_count), kEvery * sums.allocated_bytes,
                    kEvery * sums.allocated_count};
    stack.details = {kind_of(stack.label_id, sums)};
    stack.label_id = 0;
    stacks.push_back(std::move(stack));
  }
  return stacks;
}

std::vector<std::string> KernelLane::frames_of(std::uint64_t key) {
  const symbolize::RawStack* const known = stacks_.counts().find(key);
  if (known == nullptr) return {};
  symbolize::RawStack stack = *known;
  stack.label_id = 0;
  const StackProfile profile = stacks_.profile_of({std::move(stack)});
  std::vector<std::string> names;
  for (const std::uint32_t frame : profile.stacks.at(0).frames)
    names.push_back(profile.frames[frame].name);
  return names;
}

Result<void> KernelLane::add_sections(std::vector<symbolize::RawStack>&,
                                      std::vector<Section>& sections) {
  if (plan_.oom)
    sections.emplace_back(kills_.table([this](std::uint64_t key) { return frames_of(key); }));
  StackProfile profile = stacks_.profile_of(outstanding());
  profile.type = "kernel_site";
  profile.title = "Kernel memory that was allocated and not freed (estimated)";
  profile.sample_types = {{"kernel_inuse_space", "bytes", "live_bytes", "outstanding"},
                          {"kernel_inuse_objects", "count", "live_count"},
                          {"kernel_alloc_space", "bytes", "allocated_bytes"},
                          {"kernel_alloc_objects", "count", "allocated_count"}};
  profile.default_sample_type = "kernel_inuse_space";
  profile.details = {{"kind", "KIND"}};
  profile.by_process = true;
  profile.secondary = true;
  sections.emplace_back(std::move(profile));
  return {};
}

void KernelLane::add_notices(std::vector<std::string>& notices) const {
  const sonde_mem_kernel_counters c = counters();
  notices.push_back(fmt::format(
      "one in {} objects of the kernel is followed, and its figures are {} times what was "
      "counted; what the kernel frees in bulk is not seen to be freed",
      SONDE_MEM_KERNEL_EVERY, SONDE_MEM_KERNEL_EVERY));
  if (c.objects_full != 0) {
    notices.push_back(
        fmt::format("{} objects of the kernel found no room to be followed: they count as freed",
                    c.objects_full));
  }
  if (const std::uint64_t lost = object_->bss->mem_ooms_lost; lost != 0)
    notices.push_back(fmt::format("{} kills for want of memory are not shown", lost));
}

}  // namespace

void leave_out_kernel_lane(mem_bpf& object) {
  for (bpf_map* map :
       {object.maps.mem_kernel_objects, object.maps.mem_kernel_sums,
        object.maps.mem_kernel_counters, object.maps.mem_kernel_scratch, object.maps.mem_ooms})
    ::bpf_map__set_autocreate(map, false);
}

std::unique_ptr<MemLane> make_kernel_lane(const MemPlan& plan, StackRecorder& stacks) {
  return std::make_unique<KernelLane>(plan, stacks);
}

}  // namespace sonde::tracers
