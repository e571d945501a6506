// Joins what was read at the begin of calls with their ends, and decodes them.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include <sonde/event.hpp>
#include "core/clock.hpp"
#include "ingest/call_stream.hpp"
#include "syscalls/decode.hpp"
#include "tracers/syscall/file_names.hpp"

struct sonde_call_in_flight;

namespace sonde::tracers {

class CallEvents {
 public:
  /// In the order of their times. A malformed record is counted and ignored.
  void add(const std::vector<ingest::CallBytes>& records, std::vector<EbpfEvent>& events);
  /// A call that has not returned.
  void add_in_flight(const sonde_call_in_flight& call, std::vector<EbpfEvent>& events);

  std::uint64_t malformed() const noexcept { return malformed_; }
  /// Calls whose memory was read at the begin, but the record of it was lost.
  std::uint64_t without_memory() const noexcept { return without_memory_; }
  /// Descriptors whose name was lost.
  std::uint64_t unnamed_files() const noexcept { return names_.unknown(); }

 private:
  /// Of the ids among the pieces.
  void name_files();
  void name_file(std::size_t argument, std::uint64_t id);
  bool add_call(const ingest::CallBytes& bytes, std::vector<EbpfEvent>& events);

  /// By tid: of the call that the thread is in.
  std::unordered_map<std::uint32_t, ingest::CallBytes> begun_;
  std::vector<syscalls::Piece> pieces_;
  std::vector<syscalls::CallFile> files_;
  FileNames names_;
  core::WallClock clock_;
  std::uint64_t malformed_ = 0;
  std::uint64_t without_memory_ = 0;
};

}  // namespace sonde::tracers
