// Wire records as the CPU profiler's programs make them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "stack_event.h"

namespace sonde::test {

struct StackRecord {
  std::uint64_t key = 1;
  std::uint32_t tgid = 100;
  std::uint32_t tid = 100;
  std::string_view comm = "prog";
  std::uint32_t flags = 0;
  std::vector<std::uint64_t> kernel = {};
  std::vector<std::uint64_t> user = {};
  std::uint64_t time_ns = 0;
  std::uint32_t label = 0;

  std::vector<std::byte> bytes() const {
    sonde_stack_record record{};
    const std::size_t frames_size = (kernel.size() + user.size()) * sizeof(std::uint64_t);
    record.header = {SONDE_RECORD_STACK, SONDE_WIRE_VERSION,
                     static_cast<std::uint32_t>(sizeof(record) + frames_size), time_ns};
    record.key = key;
    record.tgid = tgid;
    record.tid = tid;
    comm.copy(record.comm, sizeof(record.comm));
    record.flags = flags;
    record.label = label;
    record.kernel_frames = static_cast<std::uint16_t>(kernel.size());
    record.user_frames = static_cast<std::uint16_t>(user.size());
    std::vector<std::byte> out(record.header.length);
    std::memcpy(out.data(), &record, sizeof(record));
    std::byte* at = out.data() + sizeof(record);
    for (const auto& part : {kernel, user}) {
      if (!part.empty()) std::memcpy(at, part.data(), part.size() * sizeof(std::uint64_t));
      at += part.size() * sizeof(std::uint64_t);
    }
    return out;
  }
};

inline std::vector<std::byte> count_record(std::uint64_t key, std::uint64_t count) {
  sonde_count_record record{};
  record.header = {SONDE_RECORD_COUNT, SONDE_WIRE_VERSION, sizeof(record), 0};
  record.key = key;
  record.count = count;
  std::vector<std::byte> out(sizeof(record));
  std::memcpy(out.data(), &record, sizeof(record));
  return out;
}

}  // namespace sonde::test
