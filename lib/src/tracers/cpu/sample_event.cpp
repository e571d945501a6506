#include "tracers/cpu/sample_event.hpp"

#include <cstring>
#include <utility>

#include "shared/cpu_event.h"

namespace sonde::tracers {

std::optional<StackEvent> decode_sample(std::span<const std::byte> bytes) {
  sonde_sample_record record{};
  if (bytes.size() != sizeof(record)) return {};
  std::memcpy(&record, bytes.data(), sizeof(record));
  if (record.header.version != SONDE_WIRE_VERSION || record.header.length != sizeof(record))
    return {};
  StackEvent event{record.header.time_ns, record.key, {}};
  event.event.data = CpuSample{record.cpu, {}};
  return event;
}

}  // namespace sonde::tracers
