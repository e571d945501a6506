#include "tracers/mem/alloc_programs.hpp"

#include <bpf/libbpf.h>

#include "aggregate/byte_sampling.hpp"
#include "core/attach.hpp"
#include "core/per_cpu.hpp"
#include "tracers/mem/alloc_lane.hpp"
#include "tracers/mem/alloc_sites.hpp"
#include "tracers/mem/object.hpp"

namespace sonde::tracers {
namespace {

void load_as(bpf_program* program, bool wanted, unsigned attach_type) {
  ::bpf_program__set_autoload(program, wanted);
  ::bpf_program__set_expected_attach_type(program, static_cast<bpf_attach_type>(attach_type));
}

}  // namespace

void leave_out_alloc_lane(mem_bpf& object) {
  for (bpf_map* map :
       {object.maps.alloc_cpus, object.maps.alloc_counters, object.maps.alloc_sites,
        object.maps.alloc_events, object.maps.alloc_lives, object.maps.alloc_begun_calls,
        object.maps.alloc_looks, object.maps.alloc_costs, object.maps.alloc_ends})
    ::bpf_map__set_autocreate(map, false);
}

void AllocObject::configure(mem_bpf& object) const {
  object.rodata->alloc_live = options_.live;
  object.rodata->alloc_send_events = options_.events;
  constexpr std::uint32_t kEventRingBytes = 1 << 20;
  if (options_.events) ::bpf_map__set_max_entries(object.maps.alloc_events, kEventRingBytes);
  object.data->alloc_distance = options_.distance;
  ::bpf_map__set_max_entries(object.maps.alloc_sites, AllocSites::kMostSites);
  if (options_.live) ::bpf_map__set_max_entries(object.maps.alloc_lives, AllocSites::kMostLives);
  const auto& programs = object.progs;
  const bool session = options_.session;
  const unsigned type = link_type();
  const bool cfi = options_.cfi;
  load_as(programs.alloc_session, session && !cfi, core::kUprobeSessionAttachType);
  load_as(programs.alloc_session_cfi, session && cfi, core::kUprobeSessionAttachType);
  load_as(programs.alloc_enter, !session && !cfi, type);
  load_as(programs.alloc_enter_cfi, !session && cfi, type);
  load_as(programs.alloc_leave, !session, type);
  load_as(programs.alloc_free, options_.live, type);
  load_as(programs.alloc_second, session, type);
  load_as(programs.alloc_look, true, type);
  ::bpf_program__set_autoload(programs.alloc_progress, options_.windows);
}

unsigned AllocObject::link_type() const noexcept {
  return options_.multi ? core::kUprobeMultiAttachType : core::kUprobeEventAttachType;
}

AllocPrograms AllocObject::programs() const noexcept {
  const auto& programs = object_->progs;
  const auto one_of = [&](bpf_program* plain, bpf_program* cfi) {
    return ::bpf_program__fd(options_.cfi ? cfi : plain);
  };
  AllocPrograms found;
  found.link_type = link_type();
  if (options_.session) {
    found.call_fd = one_of(programs.alloc_session, programs.alloc_session_cfi);
  } else {
    found.call_fd = one_of(programs.alloc_enter, programs.alloc_enter_cfi);
    found.call_type = found.link_type;
    found.return_fd = ::bpf_program__fd(programs.alloc_leave);
  }
  if (options_.live) found.free_fd = ::bpf_program__fd(programs.alloc_free);
  return found;
}

AllocPrograms AllocObject::measuring_programs() const noexcept {
  AllocPrograms found = programs();
  if (options_.session) found.second_fd = ::bpf_program__fd(object_->progs.alloc_second);
  return found;
}

AllocPrograms AllocObject::look_programs() const noexcept {
  const int program = ::bpf_program__fd(object_->progs.alloc_look);
  return {program, link_type(), -1, options_.live ? program : -1, link_type(), -1};
}

sonde_alloc_look AllocObject::look() const noexcept {
  return core::sum_counters<sonde_alloc_look>(::bpf_map__fd(object_->maps.alloc_looks));
}

sonde_alloc_counters AllocObject::counters() const noexcept {
  return core::sum_counters<sonde_alloc_counters>(::bpf_map__fd(object_->maps.alloc_counters));
}

sonde_alloc_cost AllocObject::costs() const noexcept {
  return core::sum_counters<sonde_alloc_cost>(::bpf_map__fd(object_->maps.alloc_costs));
}

Result<void> AllocObject::follow_progress() {
  return core::attach_loaded({object_->progs.alloc_progress}, progress_);
}

void AllocObject::forget_progress() noexcept {
  progress_.clear();
}

int AllocObject::sites_fd() const noexcept {
  return ::bpf_map__fd(object_->maps.alloc_sites);
}

int AllocObject::lives_fd() const noexcept {
  return options_.live ? ::bpf_map__fd(object_->maps.alloc_lives) : -1;
}

int AllocObject::events_fd() const noexcept {
  return ::bpf_map__fd(object_->maps.alloc_events);
}

int AllocObject::tgids_fd() const noexcept {
  return ::bpf_map__fd(object_->maps.filter_tgids);
}

void AllocObject::open_window(bool measured) noexcept {
  object_->bss->alloc_measures = measured;
  object_->bss->alloc_window = 1;
}

void AllocObject::close_window() noexcept {
  object_->bss->alloc_window = 0;
}

std::uint64_t AllocObject::distance() const noexcept {
  return object_->data->alloc_distance;
}

void AllocObject::set_distance(std::uint64_t bytes) noexcept {
  object_->data->alloc_distance = bytes;
}

}  // namespace sonde::tracers
