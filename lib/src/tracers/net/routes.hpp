// connect() calls that found no route.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "tracers/net/skeleton.hpp"

namespace sonde::tracers {

class NetRoutes {
 public:
  /// A failed connection like any other.
  using Visit = std::function<void(const sonde_connection_record& record)>;

  explicit NetRoutes(const net_bpf& skeleton) noexcept
      : fd_(::bpf_map__fd(skeleton.maps.net_route_failures)) {}

  /// Takes those out of the map that are no lookups under way: all if nothing is attached any more.
  void drain(std::uint64_t now_ns, bool all, const Visit& visit);
  /// Taken so: the kernel has not counted them.
  std::uint64_t taken() const noexcept { return taken_; }

  static sonde_connection_record record_of(const sonde_route_failure& failure) noexcept;

 private:
  int fd_;
  std::uint64_t taken_ = 0;
};

}  // namespace sonde::tracers
