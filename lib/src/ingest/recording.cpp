#include "ingest/recording.hpp"

#include <fmt/format.h>

#include <cstring>
#include <string_view>

#include "util/fail.hpp"
#include "wire.h"

namespace sonde::ingest {
namespace {

constexpr std::string_view kMagic = "sonderec";

}  // namespace

RecordingWriter::RecordingWriter() : bytes_(kMagic) {
  const std::uint64_t version = SONDE_WIRE_VERSION;
  bytes_.append(reinterpret_cast<const char*>(&version), sizeof(version));
}

void RecordingWriter::append(std::span<const std::byte> record) {
  bytes_.append(reinterpret_cast<const char*>(record.data()), record.size());
}

Result<void> RecordingSource::drain() noexcept {
  const std::span<const std::byte> all = std::as_bytes(std::span(bytes_));
  std::uint64_t version = 0;
  std::size_t at = kMagic.size() + sizeof(version);
  if (all.size() < at || std::string_view(bytes_).substr(0, kMagic.size()) != kMagic) {
    return fail(ErrorCode::EventProcessingFailed, "the file is not a recording");
  }
  std::memcpy(&version, all.data() + kMagic.size(), sizeof(version));
  if (version != SONDE_WIRE_VERSION) {
    return fail(ErrorCode::EventProcessingFailed,
                fmt::format("the recording has version {}, this program reads {}", version,
                            SONDE_WIRE_VERSION));
  }
  while (at < all.size()) {
    sonde_record_header header{};
    if (all.size() - at >= sizeof(header)) std::memcpy(&header, all.data() + at, sizeof(header));
    if (header.length < sizeof(header) || header.length > all.size() - at) {
      return fail(ErrorCode::EventProcessingFailed,
                  fmt::format("the recording is cut short at byte {}", at));
    }
    handler_(all.subspan(at, header.length));
    at += header.length;
  }
  return {};
}

}  // namespace sonde::ingest
