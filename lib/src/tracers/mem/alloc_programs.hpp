// The programs and maps of alloc.bpf.h in the object of the memory tracer.
#pragma once

#include <cstdint>
#include <vector>

#include <sonde/error.hpp>
#include "core/skeleton.hpp"
#include "tracers/mem/alloc_budget.hpp"
#include "tracers/mem/alloc_probes.hpp"

#include "shared/alloc_event.h"

struct mem_bpf;

namespace sonde::tracers {

struct AllocProgramOptions {
  /// Breakpoints are attached many at once.
  bool multi = false;
  bool session = false;
  bool cfi = false;
  bool live = false;
  /// Live events, too.
  bool events = false;
  /// Recording in windows may become necessary.
  bool windows = false;
  std::uint64_t distance = 1;
};

/// Not thread-safe.
class AllocObject {
 public:
  explicit AllocObject(const AllocProgramOptions& options) noexcept : options_(options) {}

  /// Before configure().
  void send_events() noexcept { options_.events = true; }
  /// Of the opened object.
  void configure(mem_bpf& object) const;
  /// The object is loaded, and outlives this.
  void loaded(mem_bpf& object) noexcept { object_ = &object; }

  AllocPrograms programs() const noexcept;
  /// The same, with second breakpoints for what the first ones cost.
  AllocPrograms measuring_programs() const noexcept;
  /// That only count hits.
  AllocPrograms look_programs() const noexcept;
  sonde_alloc_look look() const noexcept;
  sonde_alloc_counters counters() const noexcept;
  /// What was measured with measuring_programs() while a window was open.
  sonde_alloc_cost costs() const noexcept;
  /// Counts the targets' system calls, in costs().
  Result<void> follow_progress();
  void forget_progress() noexcept;
  int sites_fd() const noexcept;
  /// -1 where frees are not followed.
  int lives_fd() const noexcept;
  int tgids_fd() const noexcept;
  int events_fd() const noexcept;

  /// Whether calls are recorded; `measured`: and what they cost.
  void open_window(bool measured) noexcept;
  void close_window() noexcept;
  std::uint64_t distance() const noexcept;
  void set_distance(std::uint64_t bytes) noexcept;

 private:
  unsigned link_type() const noexcept;

  AllocProgramOptions options_;
  mem_bpf* object_ = nullptr;
  std::vector<core::UniqueLink> progress_;
};

}  // namespace sonde::tracers
