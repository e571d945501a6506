#include "tracers/syscall/call_events.hpp"

#include <cstring>
#include <utility>

#include "core/clock.hpp"
#include "shared/syscall_event.h"
#include "syscalls/call_readers.hpp"

namespace sonde::tracers {
namespace {

using std::chrono::nanoseconds;

template <class T>
bool read_record(std::span<const std::byte> bytes, T& record) {
  if (bytes.size() < sizeof(T)) return false;
  std::memcpy(&record, bytes.data(), sizeof(T));
  return true;
}

std::string comm_of(const char (&comm)[SONDE_COMM_LENGTH]) {
  return {comm, ::strnlen(comm, sizeof(comm))};
}

}  // namespace

void CallEvents::add(const std::vector<ingest::CallBytes>& records,
                     std::vector<EbpfEvent>& events) {
  events.reserve(events.size() + records.size());
  for (const ingest::CallBytes& bytes : records) {
    sonde_record_header header{};
    std::memcpy(&header, bytes.record.data(), sizeof(header));
    sonde_call_memory_record memory{};
    if (header.kind == SONDE_RECORD_CALL_MEMORY && read_record(bytes.record, memory)) {
      begun_[memory.tid] = bytes;
    } else if (header.kind == SONDE_RECORD_FILE) {
      if (!names_.add(bytes.record)) ++malformed_;
    } else if (header.kind != SONDE_RECORD_CALL || !add_call(bytes, events)) {
      ++malformed_;
    }
  }
}

void CallEvents::name_files() {
  files_.clear();
  for (const syscalls::Piece& piece : pieces_) {
    if (piece.index == SONDE_PIECE_FILE) name_file(piece.argument, piece.address);
  }
}

void CallEvents::name_file(std::size_t argument, std::uint64_t id) {
  if (id == 0) return;
  if (const std::string* const text = names_.find(id))
    files_.push_back({static_cast<std::uint8_t>(argument), *text});
}

bool CallEvents::add_call(const ingest::CallBytes& bytes, std::vector<EbpfEvent>& events) {
  sonde_call_record record{};
  if (!read_record(bytes.record, record)) return false;
  syscalls::Call call;
  call.id = {record.abi, record.number};
  std::copy(std::begin(record.args), std::end(record.args), call.args.begin());
  call.result = record.result;
  call.returned = (record.flags & SONDE_CALL_NO_RETURN) == 0;
  call.begun = (record.flags & SONDE_CALL_NO_BEGIN) == 0 || record.start_ns != 0;

  pieces_.clear();
  ingest::CallBytes begin;
  if ((record.flags & SONDE_CALL_MEMORY) != 0) {
    const auto found = begun_.find(record.tid);
    if (found != begun_.end() && found->second.time_ns == record.start_ns) {
      begin = std::move(found->second);
      begun_.erase(found);
      if (!parse_pieces(begin.record.subspan(sizeof(sonde_call_memory_record)), pieces_))
        ++malformed_;
    } else {
      ++without_memory_;
    }
  }
  if (!parse_pieces(bytes.record.subspan(sizeof(record)), pieces_, true)) ++malformed_;
  name_files();
  call.pieces = pieces_;
  call.files = files_;

  syscalls::DecodedCall decoded = decode(call);
  EbpfEvent& event = events.emplace_back();
  Syscall& shown = event.data.emplace<Syscall>();
  event.time = clock_.time(record.start_ns != 0 ? record.start_ns : record.header.time_ns);
  event.pid = static_cast<std::int32_t>(record.tgid);
  event.tid = static_cast<std::int32_t>(record.tid);
  event.comm = comm_of(record.comm);
  shown.name = call_name(call.id);
  shown.nr = record.number;
  shown.arguments = std::move(decoded.arguments);
  shown.result = decoded.result;
  shown.result_text = std::move(decoded.result_text);
  shown.error = std::move(decoded.error);
  if (record.start_ns != 0 && call.returned)
    shown.duration = nanoseconds(record.header.time_ns - record.start_ns);
  return true;
}

void CallEvents::add_in_flight(const sonde_call_in_flight& record, std::vector<EbpfEvent>& events) {
  syscalls::Call call;
  call.id = {record.abi, record.number};
  std::copy(std::begin(record.args), std::end(record.args), call.args.begin());
  call.returned = false;
  pieces_.clear();
  const auto found = begun_.find(record.tid);
  if (found != begun_.end() && found->second.time_ns == record.start_ns)
    parse_pieces(found->second.record.subspan(sizeof(sonde_call_memory_record)), pieces_);
  files_.clear();
  if (const auto* const signature = syscalls::find_signature(syscalls::bare_name(call.id))) {
    const auto positions = syscalls::file_arguments(*signature);
    for (std::size_t i = 0; i < positions.size(); ++i)
      name_file(positions[i] - 1u, record.files[i]);
  }
  call.pieces = pieces_;
  call.files = files_;
  syscalls::DecodedCall decoded = decode(call);
  EbpfEvent& event = events.emplace_back();
  Syscall& shown = event.data.emplace<Syscall>();
  event.time = clock_.time(record.start_ns != 0 ? record.start_ns : core::monotonic_ns());
  event.pid = static_cast<std::int32_t>(record.tgid);
  event.tid = static_cast<std::int32_t>(record.tid);
  event.comm = comm_of(record.comm);
  shown.name = call_name(call.id);
  shown.nr = record.number;
  shown.arguments = std::move(decoded.arguments);
  shown.result_text = "? <in flight>";
}

}  // namespace sonde::tracers
