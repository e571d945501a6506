#include <sonde/event.hpp>

namespace sonde {
namespace {

template <EbpfEventType type, class T>
constexpr bool kHolds =
    std::is_same_v<std::variant_alternative_t<static_cast<std::size_t>(type), EbpfEvent::Data>, T>;

static_assert(kHolds<EbpfEventType::CpuSample, CpuSample>);
static_assert(kHolds<EbpfEventType::NetworkConnect, NetworkConnect>);
static_assert(kHolds<EbpfEventType::NetworkDisconnect, NetworkDisconnect>);
static_assert(kHolds<EbpfEventType::NetworkPacket, NetworkPacket>);
static_assert(kHolds<EbpfEventType::Syscall, Syscall>);
static_assert(kHolds<EbpfEventType::MemoryAlloc, MemoryAlloc>);
static_assert(kHolds<EbpfEventType::MemoryFree, MemoryFree>);
static_assert(kHolds<EbpfEventType::Unknown, Unknown>);

}  // namespace

const char* to_string(EbpfEventType type) noexcept {
  switch (type) {
    case EbpfEventType::CpuSample:
      return "CpuSample";
    case EbpfEventType::NetworkConnect:
      return "NetworkConnect";
    case EbpfEventType::NetworkDisconnect:
      return "NetworkDisconnect";
    case EbpfEventType::NetworkPacket:
      return "NetworkPacket";
    case EbpfEventType::Syscall:
      return "Syscall";
    case EbpfEventType::MemoryAlloc:
      return "MemoryAlloc";
    case EbpfEventType::MemoryFree:
      return "MemoryFree";
    case EbpfEventType::Unknown:
      return "Unknown";
  }
  return "Unknown";
}

const char* to_string(NetworkProtocol protocol) noexcept {
  switch (protocol) {
    case NetworkProtocol::tcp:
      return "tcp";
    case NetworkProtocol::udp:
      return "udp";
  }
  return "tcp";
}

}  // namespace sonde
