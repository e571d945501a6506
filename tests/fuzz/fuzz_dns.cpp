// Any bytes as a DNS message, as a part of one, and as a TCP stream of messages.
#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dns/lookups.hpp"
#include "dns/message.hpp"
#include "dns/stream.hpp"
#include "expect.hpp"

namespace {

using namespace sonde::dns;
using Bytes = std::span<const std::byte>;

bool is_printable(const std::string& name) {
  return std::ranges::all_of(name, [](char c) { return c > 0x20 && c < 0x7f; });
}

void check_message(Bytes bytes) {
  const auto whole = parse_message(bytes, bytes.size());
  EXPECT(whole.has_value() == (bytes.size() >= kHeaderBytes));
  if (!whole) return;
  EXPECT(whole->defect != Defect::cut);
  EXPECT(whole->questions.size() <= Message::kMostQuestions);
  EXPECT(whole->answers.size() <= Message::kMostRecords);
  EXPECT(whole->answers.size() <= whole->answer_count);
  for (const Question& question : whole->questions)
    EXPECT(!question.name.empty() && is_printable(question.name) && question.name.size() <= 1020);
  // What is read of a part is what is read of the whole.
  for (std::size_t kept = kHeaderBytes; kept < bytes.size(); kept += 1 + kept / 8) {
    const auto part = parse_message(bytes.first(kept), bytes.size());
    EXPECT(part.has_value());
    EXPECT(part->defect == Defect::cut || part->defect == whole->defect);
    EXPECT(part->questions.size() <= whole->questions.size());
    EXPECT(part->answers.size() <= whole->answers.size());
    for (std::size_t i = 0; i < part->answers.size(); ++i)
      EXPECT(part->answers[i].content == whole->answers[i].content);
  }
}

struct Part {
  std::uint32_t sequence;
  Bytes bytes;
};

std::vector<std::string> messages(const std::vector<Part>& parts) {
  std::vector<std::string> all;
  Stream stream;
  stream.begin(0xfffffff0);
  for (const Part& part : parts) {
    stream.add({0, part.sequence, part.bytes.size(), part.bytes}, [&](const Stream::Framed& m) {
      all.emplace_back(reinterpret_cast<const char*>(m.bytes.data()), m.bytes.size());
    });
  }
  EXPECT(stream.lost_bytes() == 0);
  return all;
}

// However the bytes are cut into segments, and in whatever order those come.
void check_stream(Bytes bytes) {
  std::vector<Part> parts;
  const std::size_t size = bytes.size() / 16 + 1;
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    parts.push_back({static_cast<std::uint32_t>(0xfffffff0 + at),
                     bytes.subspan(at, std::min(size, bytes.size() - at))});
  }
  const auto expected = messages({{0xfffffff0, bytes}});
  EXPECT(messages(parts) == expected);
  std::ranges::reverse(parts);
  EXPECT(messages(parts) == expected);
}

// Each query is told once.
void check_lookups(Bytes bytes) {
  Lookups lookups(std::chrono::seconds(1));
  Packet packet;
  std::size_t told = 0;
  for (std::size_t at = 0; at + 2 < bytes.size();) {
    const auto flags = std::to_integer<unsigned>(bytes[at]);
    const std::size_t size =
        std::min(std::to_integer<std::size_t>(bytes[at + 1]), bytes.size() - at - 2);
    packet.sent = (flags & 1) != 0;
    packet.endpoints.tcp = (flags & 2) != 0;
    packet.kind = static_cast<PacketKind>(flags >> 2 & 3);
    if (packet.kind > PacketKind::unreachable) packet.kind = PacketKind::data;
    packet.interface = flags >> 4 & 1;
    packet.sequence = flags >> 5;
    packet.time_ns += 100'000'000;
    packet.payload = bytes.subspan(at + 2, size);
    packet.length = size + (flags >> 6);
    lookups.add(packet);
    lookups.expire(packet.time_ns);
    told += lookups.take().size();
    EXPECT(lookups.queries() == told + lookups.pending());
    at += 2 + size;
  }
  lookups.finish(packet.time_ns);
  told += lookups.take().size();
  EXPECT(lookups.pending() == 0 && lookups.queries() == told);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  check_message(bytes);
  check_stream(bytes);
  check_lookups(bytes);
  return 0;
}
