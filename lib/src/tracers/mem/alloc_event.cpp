#include "tracers/mem/alloc_event.hpp"

#include <cstring>
#include <utility>

#include "shared/alloc_event.h"

namespace sonde::tracers {

std::optional<StackEvent> decode_alloc_event(std::span<const std::byte> bytes,
                                             std::span<const std::string> functions) {
  sonde_alloc_event record{};
  if (bytes.size() != sizeof(record)) return {};
  std::memcpy(&record, bytes.data(), sizeof(record));
  if (record.header.version != SONDE_WIRE_VERSION || record.header.length != sizeof(record) ||
      record.function >= functions.size())
    return {};
  StackEvent event{record.header.time_ns, record.site, {}};
  event.event.pid = static_cast<std::int32_t>(record.tgid);
  event.event.tid = static_cast<std::int32_t>(record.tid);
  event.event.comm.assign(record.comm, ::strnlen(record.comm, sizeof(record.comm)));
  const std::string& function = functions[record.function];
  switch (record.header.kind) {
    case SONDE_RECORD_ALLOC:
      event.event.data = MemoryAlloc{record.address, record.bytes, function, {}};
      return event;
    case SONDE_RECORD_ALLOC_FREE:
      event.event.data = MemoryFree{record.address, record.bytes, function};
      return event;
    default:
      return {};
  }
}

}  // namespace sonde::tracers
