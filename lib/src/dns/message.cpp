#include "dns/message.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "dns/codes.hpp"
#include "dns/record.hpp"

namespace sonde::dns {
namespace {

constexpr std::uint16_t kOptionExtendedError = 15;

struct RecordHead {
  std::string name;
  std::uint16_t type = 0;
  std::uint16_t klass = 0;
  std::uint32_t ttl = 0;
  std::uint16_t length = 0;
};

bool read_head(Reader& reader, RecordHead& head) {
  return reader.read_name(head.name) && reader.read(head.type) && reader.read(head.klass) &&
         reader.read(head.ttl) && reader.read(head.length);
}

// The class is the size of UDP messages, and the time to live has the rest (RFC 6891, 6.1.3).
bool read_edns(Reader& reader, const RecordHead& head, Message& message) {
  Edns edns;
  edns.udp_bytes = head.klass;
  edns.version = static_cast<std::uint8_t>(head.ttl >> 16);
  edns.dnssec_ok = (head.ttl >> 15 & 1) != 0;
  message.rcode = static_cast<std::uint16_t>(message.rcode | (head.ttl >> 24) << 4);
  const std::size_t end = reader.position() + head.length;
  bool whole = true;
  while (whole && reader.position() < end) {
    std::uint16_t code = 0;
    std::uint16_t length = 0;
    std::uint16_t value = 0;
    whole = reader.read(code) && reader.read(length);
    if (whole && reader.position() + length > end) whole = reader.fail(Defect::record_length);
    if (whole && code == kOptionExtendedError && length >= 2) {
      whole = reader.read(value) && reader.skip(length - 2u);
      if (whole) edns.extended_error = value;
    } else if (whole) {
      whole = reader.skip(length);
    }
  }
  message.edns = edns;
  return whole;
}

bool read_questions(Reader& reader, std::uint16_t count, Message& message) {
  for (std::size_t i = 0; i < count; ++i) {
    if (i == Message::kMostQuestions) return reader.fail(Defect::too_many);
    Question question;
    if (!reader.read_name(question.name) || !reader.read(question.type) ||
        !reader.read(question.klass)) {
      return false;
    }
    message.questions.push_back(std::move(question));
  }
  return true;
}

bool read_answer(Reader& reader, Message& message) {
  RecordHead head;
  Record record;
  if (!read_head(reader, head) ||
      !read_record_content(reader, head.type, head.length, record.content)) {
    return false;
  }
  record.name = std::move(head.name);
  record.type = head.type;
  record.klass = head.klass;
  record.ttl_seconds = head.ttl;
  message.answers.push_back(std::move(record));
  return true;
}

// Of the other sections only the OPT record is wanted.
bool read_others(Reader& reader, std::size_t count, Message& message) {
  for (std::size_t i = 0; i < count; ++i) {
    RecordHead head;
    if (i == Message::kMostRecords) return reader.fail(Defect::too_many);
    if (!read_head(reader, head)) return false;
    if (head.type == kTypeOpt && !message.edns) {
      if (!read_edns(reader, head, message)) return false;
    } else if (!reader.skip(head.length)) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::optional<Message> parse_message(std::span<const std::byte> bytes, std::size_t length) {
  Reader reader(bytes, std::max(length, bytes.size()));
  Message message;
  std::uint16_t flags = 0;
  std::array<std::uint16_t, 4> counts{};  // questions, answers, authority, additional
  bool whole = reader.read(message.id) && reader.read(flags);
  for (std::uint16_t& count : counts)
    whole = whole && reader.read(count);
  if (!whole) return {};
  message.response = (flags >> 15 & 1) != 0;
  message.opcode = static_cast<std::uint8_t>(flags >> 11 & 0xf);
  message.authoritative = (flags >> 10 & 1) != 0;
  message.truncated = (flags >> 9 & 1) != 0;
  message.recursion_desired = (flags >> 8 & 1) != 0;
  message.recursion_available = (flags >> 7 & 1) != 0;
  message.rcode = flags & 0xf;
  message.answer_count = counts[1];

  whole = read_questions(reader, counts[0], message);
  for (std::size_t i = 0; whole && i < counts[1]; ++i) {
    whole =
        i < Message::kMostRecords ? read_answer(reader, message) : reader.fail(Defect::too_many);
  }
  if (whole) read_others(reader, std::size_t{counts[2]} + counts[3], message);
  message.defect = reader.defect();
  return message;
}

}  // namespace sonde::dns
